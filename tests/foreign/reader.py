#!/usr/bin/env python3
"""Reads an archive of version 1, written from docs/format.md alone: reader.py ARCHIVE OUTPUT

Prints of every revision its document's name, its number and its SHA-256, and writes each content to OUTPUT, under
its SHA-256. Signatures are for others to check; all hashes are checked here. Needs the package zstandard.
"""
import base64, hashlib, json, pathlib, sys, zstandard

sha256 = lambda *parts: hashlib.sha256(b''.join(parts)).digest()
DICTIONARY = b'''{"t":"commit","v":1,"at":"2026-11-24T16:01:00Z","number":1,"id":"","base":0,"before":"","n":2,"root":"","key":"","detail":"
{"t":"packs","v":1,"at":"2026-11-24T16:01:00Z","packs":["","by":null,"note":null,"tool":"archive 0.1.0"}
"name":"","name_b64":null,"source":null,"captured":null,"mtime":"2026-11-24T16:01:00Z","note":null,"encoding":null,"by":null,"tool":"archive 0.1.0"}
{"t":"revise","v":1,"at":"2026-11-24T16:01:00Z","doc":"","prev":null,"sha256":"","size":0,"type":"text/html","detail":"
'''  # section 7
little, big = (lambda data: int.from_bytes(data, 'little')), (lambda data: int.from_bytes(data, 'big'))


def check(holds, what):
    if not holds:
        sys.exit(f'damaged: {what}')


def unpack(data, size_max, base=b''):
    dictionary = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if base else None
    decompressor = zstandard.ZstdDecompressor(dict_data=dictionary, max_window_size=1 << 27)
    return decompressor.decompress(data, max_output_size=size_max)


class Cursor:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def take(self, n):
        self.at += n
        check(self.at <= len(self.data), 'it ends too early')
        return self.data[self.at - n:self.at]

    def varint(self):
        byte = self.take(1)[0]
        return byte if byte < 128 else byte & 127 | self.varint() << 7


def root_of(leaves):  # RFC 6962
    if len(leaves) < 2:
        return leaves[0] if leaves else sha256()
    left = 1 << (len(leaves) - 1).bit_length() - 1
    return sha256(b'\1', root_of(leaves[:left]), root_of(leaves[left:]))


def complete(seed, n, detail):  # its salt follows from the seed: section 7
    salt = sha256(seed, n.to_bytes(8, 'big'))[:16].hex().encode()
    return b'{"salt":"%s",%s' % (salt, detail) if detail and any(seed) else detail


def items(object_, n_before, width):  # of a commit or a details object: section 7
    head = Cursor(object_, n_before)
    ident, first, n_bundles = head.take(8), little(head.take(8)), little(head.take(4))
    found = []
    for length in [little(head.take(4)) for _ in range(n_bundles)]:
        bundle = Cursor(unpack(head.take(length), 1 << 25, DICTIONARY))
        while bundle.at < len(bundle.data):
            found.append(bundle.take(big(bundle.take(width))))
    return ident, first, found


class Archive:
    def __init__(self, folder):
        self.folder = folder
        self.origin = (folder / 'identity').read_text('utf-8').split('\n')[1].removeprefix('origin ')
        self.events, self.details, packs = [], [], []
        for number in range(10**9):
            name = f'{number // 10**6:03}/{number // 1000 % 1000:03}/{number % 1000:03}'
            if not (folder / 'log' / name).exists():
                break
            commit = (folder / 'log' / name).read_bytes()
            end = commit.index(b'\n\n', commit.index(b'\n\n') + 2) + 2  # the text, its signatures, an empty line
            origin, size, root = commit.decode('utf-8', 'replace').split('\n')[:3]
            ident, first, lines = items(commit, end, 2)
            check(origin == self.origin and first == len(self.events), f'log/{name}')
            self.events += lines
            check(int(size) == len(self.events), f'log/{name}')
            if lines:
                details = (folder / f'details/{name}-{ident.hex()}').read_bytes()
                stored = enumerate(items(details, 16, 4)[2])
                self.details += [complete(details[:16], n, detail) for n, detail in stored]
        check(root_of([sha256(b'\0', line) for line in self.events]) == base64.b64decode(root), 'log')
        for event in map(json.loads, self.events):
            if event['t'] == 'packs':
                packs += event['packs']
            elif event['t'] == 'condemn':
                packs = [pack for pack in packs if pack not in event['packs']]
        self.places = {}
        for pack in packs:
            self.read_directory((folder / 'packs' / pack[:2] / pack).read_bytes(), pack)

    def read_directory(self, data, pack):
        check(sha256(data).hex() == pack[:64], pack)
        length, n_frames, _, _ = (little(data[at:at + 4]) for at in range(len(data) - 24, len(data) - 8, 4))
        directory, at = Cursor(data[len(data) - 24 - length:len(data) - 24]), 8
        for _ in range(n_frames):
            frame, n_blobs = directory.varint(), directory.varint()
            for index in range(n_blobs):
                self.places.setdefault(directory.take(8), []).append((data, at, at + frame, index))
            at += frame

    def blob(self, digest, wants_list=False, deeper_than=99):
        for place in self.places.get(digest[:8], []):
            found = self.frame(*place, wants_list, deeper_than)
            if found is not None and (len(digest) == 8 or wants_list or sha256(found) == digest):
                return found
        return None

    def frame(self, data, start, end, index, wants_list, deeper_than):
        head = Cursor(data[start:end], 6)
        flags, n_payload = head.take(1)[0], head.varint()
        packed, based, solid, is_list = (flags & bit for bit in (1, 2, 4, 8))
        lengths = [head.varint() for _ in range(head.varint() if solid else 1)]
        base_key, depth, _ = (head.take(8), head.take(1)[0], head.varint()) if based else (b'', 0, 0)
        if bool(is_list) != wants_list or depth >= deeper_than:
            return None
        base = self.blob(base_key, wants_list, depth) if based else b''
        blobs = unpack(head.take(n_payload), sum(lengths), base) if packed else head.take(n_payload)
        return blobs[sum(lengths[:index]):sum(lengths[:index + 1])]

    def content(self, digest, size):
        if size <= 4 << 20:
            content = self.blob(digest)
        else:
            chunks, parts = Cursor(self.blob(digest, True), 1), []
            while chunks.at < len(chunks.data):
                length, chunk = big(chunks.take(4)), chunks.take(32)
                parts.append(self.blob(chunk))
                check(parts[-1] is not None and len(parts[-1]) == length, f'chunk {chunk.hex()}')
            content = b''.join(parts)
        check(content is not None and len(content) == size and sha256(content) == digest, f'content {digest.hex()}')
        return content


archive, output = Archive(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
names, numbers = {}, {}
for event, detail in zip(map(json.loads, archive.events), archive.details):
    if event['t'] in ('revise', 'rename') and event['v'] == 1:
        check(sha256(detail).hex() == event['detail'], 'a detail')
        detail = json.loads(detail)
        name = base64.b64decode(detail['name_b64']) if detail['name_b64'] else detail['name'].encode()
        names[event['doc']] = name if event['t'] == 'rename' else names.get(event['doc'], name)
    if event['t'] == 'revise' and event['v'] == 1:
        numbers[event['doc']] = numbers.get(event['doc'], 0) + 1
        (output / event['sha256']).write_bytes(archive.content(bytes.fromhex(event['sha256']), event['size']))
        sys.stdout.buffer.write(b'%s\t%d\t%s\n' % (names[event['doc']], numbers[event['doc']], event['sha256'].encode()))
