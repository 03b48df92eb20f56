-- The catalog of an archive: a projection of its facts, for finding things quickly.
--
-- Everything here follows from the journal and the packs. `archive rebuild` makes it anew, and so
-- does any command that finds it missing, torn, or not in step with the signed checkpoint.
-- For the sqlite3 shell: read the four views at the end (documents, revisions, contents, events);
-- the tables below may change from one version of the program to the next.

-- What this catalog is of.
--   schema      version of this file; another one means: rebuild
--   sketches    version of normal form and sketches; another one means: make the sketches anew
--   revisions   how many there are; if there are others, some were taken out, and that means: rebuild
--   checkpoint  the signed checkpoint that the rows below reflect (log/checkpoint)
CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Each pack, from its own directory. `key`: the first 8 bytes of its SHA-256, as a signed integer.
CREATE TABLE pack (
  key    INTEGER PRIMARY KEY,
  name   BLOB NOT NULL,               -- its SHA-256, and 3 bytes of this upload's own
  bytes  INTEGER NOT NULL,
  frames INTEGER NOT NULL
) STRICT;

-- Where blobs lie, from the directories of the packs. `key` is the first 8 bytes of the blob's
-- SHA-256: a hint. Two blobs may share a key, one blob may lie in two places.
CREATE TABLE place (
  key    INTEGER NOT NULL,
  pack   INTEGER NOT NULL,            -- pack.key
  offset INTEGER NOT NULL,            -- of the frame in the pack
  bytes  INTEGER NOT NULL,            -- of the frame
  blob   INTEGER NOT NULL,            -- which of the frame's blobs it is, from 0
  PRIMARY KEY (key, pack, offset, blob)
) STRICT, WITHOUT ROWID;

-- Texts that many rows share: media types, sources, notes, authors, encodings, tags.
CREATE TABLE phrase (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- Each distinct content, from the `revise` events, numbered in order of first appearance. The same bytes have a row for each
-- kind of text and named encoding in which revisions have them, so that each of these texts is sketched and found.
CREATE TABLE content (
  id     INTEGER PRIMARY KEY,
  key    INTEGER NOT NULL,            -- the first 8 bytes of digest
  digest BLOB NOT NULL,               -- SHA-256
  bytes  INTEGER NOT NULL,
  withdrawn INTEGER NOT NULL          -- 1 when `withdraw` events name every revision with this row, else 0
) STRICT;
CREATE INDEX content_by_key ON content (key);

-- Each document: its id from its first `revise` event, its name from that event's detail, or from that of its last
-- `rename` event.
CREATE TABLE document (
  id        INTEGER PRIMARY KEY,
  doc       INTEGER NOT NULL UNIQUE,  -- the random id, as a signed integer
  name      ANY NOT NULL UNIQUE,      -- TEXT, or BLOB when it is not UTF-8
  tail      INTEGER NOT NULL,         -- how long the last component of the name is, as substr counts
  latest    INTEGER NOT NULL,         -- revision.event of what was captured last; of several, recorded last
  revisions INTEGER NOT NULL,
  last      INTEGER NOT NULL,         -- the index of its last event: revision.event or document_event.event
  gone      INTEGER,                  -- document_event.event by which it is no longer there; null: it is
  site      INTEGER                   -- site.id
) STRICT;
CREATE INDEX document_by_tail ON document (substr(name, -tail));

-- Each revision, from its `revise` event and that event's detail, and from `describe` events that correct
-- what it says of captured, source and note.
CREATE TABLE revision (
  event    INTEGER PRIMARY KEY,       -- index in the journal
  document INTEGER NOT NULL,          -- document.id
  number   INTEGER NOT NULL,          -- from 1
  content  INTEGER NOT NULL,          -- content.id
  type     INTEGER NOT NULL,          -- phrase.id: media type
  at       INTEGER NOT NULL,          -- when it was added: whole seconds since 1970
  at_ns    INTEGER NOT NULL,          -- and the nanoseconds above them; so for every time
  captured INTEGER,                   -- when it was captured, from the detail; null: `at`
  captured_ns INTEGER,
  mtime    INTEGER,                   -- of the file it came from
  mtime_ns INTEGER,
  source   INTEGER,                   -- phrase.id
  note     INTEGER,                   -- phrase.id
  author   INTEGER,                   -- phrase.id
  encoding INTEGER                    -- phrase.id: named by whoever added it
) STRICT;
CREATE UNIQUE INDEX revision_by_document ON revision (document, number);
CREATE INDEX revision_by_content ON revision (content);

-- What else happened to documents, from the `gone`, `rename`, `seen` and `describe` events.
CREATE TABLE document_event (
  event       INTEGER PRIMARY KEY,    -- index in the journal
  document    INTEGER NOT NULL,       -- document.id
  change      TEXT NOT NULL,          -- its `t`
  revision    INTEGER NOT NULL,       -- revision.event: what it is about
  at          INTEGER NOT NULL,
  at_ns       INTEGER NOT NULL,
  captured    INTEGER,                -- when it was so, from the detail; null: `at`
  captured_ns INTEGER,
  mtime       INTEGER,                -- of the file that was seen
  mtime_ns    INTEGER,
  name        ANY,                    -- of a rename: the name from here on, as in document
  before      ANY,                    -- and the one before it
  source      INTEGER,                -- phrase.id
  note        INTEGER,                -- phrase.id
  tags        INTEGER,                -- phrase.id: `+put-on -taken-off`
  author      INTEGER                 -- phrase.id
) STRICT;
CREATE INDEX document_event_by_document ON document_event (document);

-- Which tags documents have, from the details of these events.
CREATE TABLE tag (
  document INTEGER NOT NULL,          -- document.id
  tag      INTEGER NOT NULL,          -- phrase.id
  PRIMARY KEY (document, tag)
) STRICT, WITHOUT ROWID;

-- Every event that is about no document.
CREATE TABLE event (
  event      INTEGER PRIMARY KEY,     -- index in the journal
  event_type TEXT NOT NULL,           -- its `t`: commit, packs, condemn, keys, adopt, audit, withdraw, anchor
  at         INTEGER NOT NULL,        -- seconds since 1970
  at_ns      INTEGER NOT NULL,        -- and the nanoseconds above them
  note       INTEGER,                 -- phrase.id
  author     INTEGER                  -- phrase.id
) STRICT;

-- What was withdrawn, from the `withdraw` events; of several that name the same, from the first.
CREATE TABLE withdrawal (
  event        INTEGER NOT NULL,      -- whose bytes or details went: revision.event or event.event
  part         INTEGER NOT NULL,      -- 0: its bytes, 1: its details
  withdrawn_by INTEGER NOT NULL,      -- event.event
  reason       INTEGER NOT NULL,      -- phrase.id
  PRIMARY KEY (event, part)
) STRICT, WITHOUT ROWID;

-- The journal's Merkle tree as C2SP tlog-tiles hash tiles: up to 256 hashes of 32 bytes each.
CREATE TABLE tile (
  level  INTEGER NOT NULL,
  n      INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, n)
) STRICT, WITHOUT ROWID;

-- The sketch of each content that is text, read as its revisions are: in the encoding that they name, else in the one
-- that is found.
CREATE TABLE sketch (
  content INTEGER PRIMARY KEY,        -- content.id
  posted  INTEGER NOT NULL,           -- 1 when its hashes are in posting, else 0
  data    BLOB NOT NULL               -- docs/format.md, section 9
) STRICT;
CREATE INDEX sketch_posted ON sketch (content) WHERE posted = 1;

-- Which contents have which shingle hash, from the sketches: two contents that share several are
-- candidates. Only the latest contents of documents are posted, so that a text does not crowd out
-- others with its past. Each entry is a number of 64 bits, the hash above the content.id; each row is
-- a block of entries. The table has several sorted sets, in tiers: `first` is, from its highest bit on, 3
-- bits that name the set, 32 of the hash and 29 of the content.id of the block's first entry, with the highest
-- bit flipped so that signed integers have the same order. Set 0 is the oldest tier; 1 and 2 are what came and
-- what went in the newest, 3 and 4 in the middle one; 7 has one row, which says how many blocks there are and where
-- merging goes on. What lies in which tier and where blocks begin depends on what came when; the entries do not.
CREATE TABLE posting (
  first INTEGER PRIMARY KEY,
  data  BLOB NOT NULL                 -- the entries after it, as src/catalog/index/block.rs writes them
) STRICT;

-- Where documents belong: the host of the source that a document's first revision names, else the top
-- folder of its name. The documents of a site share its boilerplate.
CREATE TABLE site (
  id   INTEGER PRIMARY KEY,
  text TEXT NOT NULL UNIQUE
) STRICT;

-- Which documents show a site's boilerplate, by their first contents: the up to 64 texts whose names
-- have the smallest hashes, so that the order in which they came does not matter. Likewise up to 1,024 show what is
-- common in the archive, of its first documents: as many as their number has four significant bits of.
CREATE TABLE sampled (
  site    INTEGER NOT NULL,           -- site.id; 0: all documents
  rank    INTEGER NOT NULL,           -- 63 bits of the SHA-256 of the name
  content INTEGER NOT NULL,           -- content.id
  PRIMARY KEY (site, rank)
) STRICT, WITHOUT ROWID;

-- The boilerplate of each site of three sampled texts and more: the lines that three of them share. For site 0, which words and pairs
-- of words are common in the archive.
CREATE TABLE boilerplate (
  site INTEGER PRIMARY KEY,           -- site.id; 0: all documents
  data BLOB                           -- docs/format.md, section 9; null: to be made again
) STRICT;

-- Each distinct chunk of large contents, from the lists that packs hold of these contents, numbered
-- in order of first appearance.
CREATE TABLE chunk (
  id  INTEGER PRIMARY KEY,
  key INTEGER NOT NULL UNIQUE         -- the first 8 bytes of its SHA-256
) STRICT;

-- Which blobs have which feature, from the bytes of contents and chunks: a blob that shares several
-- with another one may be its base. Made as `posting` is; a content is the number 2 * content.id, a
-- chunk 2 * chunk.id + 1.
CREATE TABLE feature (
  first INTEGER PRIMARY KEY,
  data  BLOB NOT NULL
) STRICT;

-- The public reading surface. Columns are only ever added. Times are RFC 3339 in UTC, to the second.

CREATE VIEW documents AS
  SELECT printf('%016x', d.doc) AS id, CAST(d.name AS TEXT) AS name, d.revisions,
         lower(hex(c.digest)) AS sha256, c.bytes, t.text AS type,
         strftime('%Y-%m-%dT%H:%M:%SZ', ifnull(r.captured, r.at), 'unixepoch') AS captured,
         d.gone IS NOT NULL AS gone
  FROM document d
  JOIN revision r ON r.event = d.latest
  JOIN content c ON c.id = r.content
  JOIN phrase t ON t.id = r.type;

CREATE VIEW revisions AS
  SELECT r.event, printf('%016x', d.doc) AS document, CAST(d.name AS TEXT) AS name, r.number,
         lower(hex(c.digest)) AS sha256, c.bytes, t.text AS type,
         strftime('%Y-%m-%dT%H:%M:%SZ', r.at, 'unixepoch') AS at,
         strftime('%Y-%m-%dT%H:%M:%SZ', ifnull(r.captured, r.at), 'unixepoch') AS captured,
         strftime('%Y-%m-%dT%H:%M:%SZ', r.mtime, 'unixepoch') AS mtime,
         s.text AS source, n.text AS note, a.text AS author, e.text AS encoding,
         w.withdrawn_by AS withdrawn
  FROM revision r
  JOIN document d ON d.id = r.document
  JOIN content c ON c.id = r.content
  JOIN phrase t ON t.id = r.type
  LEFT JOIN phrase s ON s.id = r.source
  LEFT JOIN phrase n ON n.id = r.note
  LEFT JOIN phrase a ON a.id = r.author
  LEFT JOIN phrase e ON e.id = r.encoding
  LEFT JOIN withdrawal w ON w.event = r.event AND w.part = 0;

CREATE VIEW contents AS
  SELECT lower(hex(c.digest)) AS sha256, c.bytes,
         (SELECT count(*) FROM content o JOIN revision r ON r.content = o.id
          WHERE o.key = c.key AND o.digest = c.digest) AS revisions,
         lower(hex(substr(p.name, 1, 32))) || '-' || lower(hex(substr(p.name, 33))) AS pack, l.offset, l.bytes AS frame_bytes, l.blob
  FROM content c
  LEFT JOIN place l ON l.key = c.key
  LEFT JOIN pack p ON p.key = l.pack
  WHERE NOT EXISTS (SELECT 1 FROM content o WHERE o.key = c.key AND o.id < c.id AND o.digest = c.digest);

CREATE VIEW events AS
  SELECT r.event, 'revise' AS event_type,
         strftime('%Y-%m-%dT%H:%M:%SZ', r.at, 'unixepoch') AS at,
         CAST(d.name AS TEXT) || '@' || r.number AS about
  FROM revision r JOIN document d ON d.id = r.document
  UNION ALL
  SELECT o.event, o.change,
         strftime('%Y-%m-%dT%H:%M:%SZ', o.at, 'unixepoch') AS at, CAST(d.name AS TEXT)
  FROM document_event o JOIN document d ON d.id = o.document
  UNION ALL
  SELECT e.event, e.event_type,
         strftime('%Y-%m-%dT%H:%M:%SZ', e.at, 'unixepoch') AS at, NULL
  FROM event e;
