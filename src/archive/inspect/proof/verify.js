'use strict';
// Checks a proof folder. checkProof needs no page: it runs wherever there is WebCrypto.

const bytesOf = text => new TextEncoder().encode(text);
const fromBase64 = text => Uint8Array.from(atob(text), c => c.charCodeAt(0));
const toHex = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
const same = (a, b) => toHex(a) === toHex(b);

async function sha256(...parts) {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}
const leafHash = line => sha256([0], line);
const nodeHash = (left, right) => sha256([1], left, right);

function must(holds, why) { if (!holds) throw new Error(why); }

// A line of JSON in its one spelling.
function parseLine(text, what) {
  const value = JSON.parse(text);
  must(JSON.stringify(value) === text, `${what} is not spelled as the format demands`);
  return value;
}

function parseVkey(line) {
  const found = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(line);
  must(found, 'it is no vkey line: name+id+key');
  const [, name, id, base64] = found, key = fromBase64(base64);
  must(key.length === 33 && key[0] === 1, 'its key is no Ed25519 key');
  return { line, name, id, typed: key, key: key.slice(1) };
}

function parseProof(text) {
  const end = text.indexOf('\n\n'), [header, index, ...hashes] = text.slice(0, end).split('\n');
  must(end > 0 && header === 'c2sp.org/tlog-proof@v1' && /^index (0|[1-9][0-9]*)$/.test(index), 'it is no tlog-proof');
  const proof = { index: Number(index.slice(6)), hashes: hashes.map(fromBase64), note: text.slice(end + 2) };
  must(proof.hashes.every(hash => hash.length === 32), 'a line of it is no hash');
  const cut = proof.note.lastIndexOf('\n\n');
  proof.text = proof.note.slice(0, cut + 1);
  proof.signatures = proof.note.slice(cut + 2).split('\n').filter(line => line !== '');
  const [origin, size, root, ...rest] = proof.text.split('\n');
  must(cut > 0 && rest.length === 1 && /^(0|[1-9][0-9]*)$/.test(size), 'it holds no checkpoint');
  return Object.assign(proof, { origin, size: Number(size), root: fromBase64(root) });
}

// RFC 9162, section 2.1.3.2.
async function mustInclude(proof, line) {
  must(proof.index < proof.size, 'its index lies beyond the journal');
  let node = proof.index, last = proof.size - 1, root = await leafHash(line);
  const up = () => { node = Math.floor(node / 2); last = Math.floor(last / 2); };
  for (const hash of proof.hashes) {
    must(last > 0, 'it has too many hashes');
    if (node % 2 === 1 || node === last) {
      root = await nodeHash(hash, root);
      while (node % 2 === 0 && node > 0) up();
    } else {
      root = await nodeHash(root, hash);
    }
    up();
  }
  must(last === 0 && same(root, proof.root), 'its hashes do not lead to the signed root');
}

// Whether the key's owner signed; null where this browser cannot tell.
async function isSigned(proof, vkey) {
  must(vkey.name === proof.origin, `the journal is that of ${proof.origin}, the key signs for ${vkey.name}`);
  const id = toHex((await sha256(bytesOf(vkey.name + '\n'), vkey.typed)).slice(0, 4));
  must(id === vkey.id, 'the id in the vkey line is not that of its key');
  const blobs = proof.signatures.map(line => /^\u2014 (\S+) (\S+)$/.exec(line));
  must(blobs.every(Boolean), 'a signature line is none');
  const ours = blobs.filter(blob => blob[1] === vkey.name).map(blob => fromBase64(blob[2]));
  const signatures = ours.filter(blob => toHex(blob.slice(0, 4)) === id);
  must(signatures.length > 0, 'no signature is by this key');
  let key;
  try {
    key = await crypto.subtle.importKey('raw', vkey.key, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    if (error.name === 'NotSupportedError') return null;
    throw new Error('the key is none');
  }
  for (const blob of signatures) {
    const holds = await crypto.subtle.verify({ name: 'Ed25519' }, key, blob.slice(4), bytesOf(proof.text));
    must(holds, 'the signature does not hold');
  }
  return true;
}

const sentence = (n, one, many) => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

// All checks: of the data in the page, the vkey line that somebody trusts ('' for none), and the bytes of the
// content (null for none).
async function checkProof(data, trusted, content) {
  const steps = [], claims = [], files = data.files;
  const step = async (title, check) => {
    try {
      const [state, text] = await check();
      steps.push({ title, state, text });
    } catch (error) {
      steps.push({ title, state: 'fails', text: error.message });
    }
  };
  const isGood = title => steps.some(step => step.title === title && step.state === 'holds');
  let event, first, detail, proof;

  await step('The event is in the journal', async () => {
    event = first = parseLine(files['event.json'], 'the event');
    must(event.t === 'revise' && event.v === 1, 'it records no revision');
    proof = parseProof(files['event.tlog-proof']);
    await mustInclude(proof, bytesOf(files['event.json']));
    return ['holds', `event ${proof.index} of ${sentence(proof.size, 'event', 'events')} under the root ${toHex(proof.root)}`];
  });
  await step('The content is the one recorded', async () => {
    if (content === null && !data.has_content) return ['none', `it is not in this folder; the prover says that it was withdrawn; its SHA-256 is ${event.sha256}`];
    if (content === null) return ['open', 'choose the file'];
    const digest = toHex(await sha256(content));
    must(digest === event.sha256 && content.length === event.size, `its SHA-256 is ${digest}, the event states ${event.sha256}`);
    return ['holds', `${sentence(content.length, 'byte', 'bytes')} with the SHA-256 ${digest}`];
  });
  if ('first-event.json' in files) {
    await step("The document's first event is in the journal", async () => {
      first = parseLine(files['first-event.json'], 'the first event');
      must(first.t === 'revise' && first.doc === event.doc && first.prev === null, 'it is not the first of this document');
      const other = parseProof(files['first-event.tlog-proof']);
      must(other.note === proof.note, 'its checkpoint is another');
      await mustInclude(other, bytesOf(files['first-event.json']));
      return ['holds', `event ${other.index}`];
    });
  }
  const withdrawn = {};
  for (const line of (files.withdrawn || '').split('\n').filter(Boolean)) {
    const [name, by] = line.split(' ');
    withdrawn[name] = by;
    steps.push({ title: `The words in ${name}`, state: 'none', text: `they are not in this folder; the prover says that event ${by} withdrew them` });
  }
  if ('detail.json' in files || 'first-detail.json' in files) {
    await step('The words are those recorded', async () => {
      for (const [part, of] of [['', event], ['first-', first]]) {
        const text = files[part + 'detail.json'];
        if (part && !('first-event.json' in files)) continue;
        if (part + 'detail.json' in withdrawn) { detail = undefined; continue; }
        must(text !== undefined && toHex(await sha256(bytesOf(text))) === of.detail, `${part}detail.json is not the one that its event means`);
        detail = parseLine(text, `${part}detail.json`);
      }
      return ['holds', 'name, source and note are those that the events mean'];
    });
  }
  const folder = /^log (\S+)\nquorum none\n$/.exec(files.policy);
  await step('The checkpoint is signed', async () => {
    must(folder, 'policy names no key');
    const signed = await isSigned(proof, parseVkey(trusted || folder[1]));
    if (signed === null) return ['open', 'not checked: this browser has no Ed25519'];
    return ['holds', trusted ? 'by the key that you gave' : 'by the key in this folder, which is the word of whoever made it'];
  });
  await step('The key is one that you trust', async () => {
    if (!trusted) return ['open', `give the vkey line; this folder says ${folder && folder[1]}`];
    must(folder && trusted === folder[1], `this folder names another: ${folder && folder[1]}`);
    return ['holds', trusted];
  });

  if (isGood('The event is in the journal')) {
    claims.push(['Archive', proof.origin], ['Document', event.doc], ['Media type', event.type]);
    claims.push(['Recorded, by the clock of whoever recorded it', event.at]);
  }
  if (isGood('The words are those recorded')) {
    const own = 'detail.json' in files ? JSON.parse(files['detail.json']) : { source: null, captured: null, note: null, by: null };
    if (detail) claims.push(["The document's name", detail.name_b64 ? `${detail.name} (not UTF-8)` : detail.name]);
    for (const [label, value] of [['Source', own.source], ['Captured', own.captured], ['Note', own.note], ['Recorded by', own.by]]) {
      if (value !== null) claims.push([label, value]);
    }
  }
  const failed = steps.find(step => step.state === 'fails'), open = steps.find(step => step.state === 'open');
  if (failed) return { steps, claims, state: 'fails', verdict: `Refused. ${failed.title}: no, ${failed.text}.` };
  if (open) return { steps, claims, state: 'open', verdict: `Not accepted so far. ${open.title}: ${open.text}.` };
  return { steps, claims, state: 'holds', verdict: 'Accepted: the owner of the key that you gave signed a journal in which ' + (content === null ? 'a content with this SHA-256' : 'this content') + ' is recorded.' };
}

// The page.
function element(name, text, className) {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function show({ steps, claims, state, verdict }) {
  const words = { holds: 'holds', fails: 'does not hold', open: 'not checked' };
  const line = document.getElementById('verdict');
  line.textContent = verdict;
  line.className = state;
  document.getElementById('steps').replaceChildren(...steps.map(step => {
    const item = element('li', `${step.title}: `, step.state);
    item.append(element('b', words[step.state]), `. ${step.text}`);
    return item;
  }));
  document.getElementById('claims').replaceChildren(...claims.flatMap(([label, value]) => {
    const shown = element('dd', value);
    shown.dir = 'auto';
    return [element('dt', label), shown];
  }));
}

if (typeof document !== 'undefined') {
  const data = JSON.parse(document.getElementById('proof').textContent);
  const vkey = document.getElementById('vkey'), file = document.getElementById('content');
  let n = 0;
  const check = async () => {
    const number = ++n;
    const refuse = verdict => show({ steps: [], claims: [], state: 'open', verdict });
    if (!globalThis.crypto || !crypto.subtle) return refuse('Nothing was checked: this browser has no WebCrypto for pages from a disk.');
    try {
      const chosen = file.files[0];
      const content = chosen ? new Uint8Array(await chosen.arrayBuffer()) : data.content === null ? null : fromBase64(data.content);
      const result = await checkProof(data, vkey.value.trim(), content);
      if (number === n) show(result);
    } catch (error) {
      refuse(`Nothing was checked: ${error.message}. Files too large for a browser are checked by the commands in README.`);
    }
  };
  vkey.addEventListener('input', check);
  file.addEventListener('change', check);
  check();
}
