#!/usr/bin/env python3
"""Hashes the events of a tlog-tiles tree by pymerkle, and compares with the root in its checkpoint: merkle.py DIR"""
import base64, pathlib, sys

from pymerkle import InmemoryTree, verify_inclusion

folder = pathlib.Path(sys.argv[1])
_, size, root = (folder / 'checkpoint').read_text('utf-8').split('\n')[:3]
size, root = int(size), base64.b64decode(root)
tree = InmemoryTree(algorithm='sha256')
for number in range(0, size, 256):
    digits, name = f'{number // 256:03}', ''
    index = number // 256
    while index >= 1000:
        index //= 1000
        name = f'x{index % 1000:03}/' + name
    width = min(256, size - number)
    name += digits[-3:] + (f'.p/{width}' if width < 256 else '')
    bundle = (folder / 'tile/entries' / name).read_bytes()
    while bundle:
        end = 2 + int.from_bytes(bundle[:2], 'big')
        tree.append_entry(bundle[2:end])
        bundle = bundle[end:]
if tree.get_size() != size or tree.get_root() != root:
    sys.exit('refused: the events do not have the signed root')
for number in {1, size // 2, size} - {0}:
    verify_inclusion(tree.get_leaf(number), root, tree.prove_inclusion(number, size))
print('accepted:', size, 'events')
