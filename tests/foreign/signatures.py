#!/usr/bin/env python3
"""Writes signatures.jsonl: checkpoints whose signatures are right, wrong, or right for some verifiers alone.

Plain arithmetic on Ed25519 (RFC 8032), slow and with nothing to hide. Each line: what it is, a vkey line, a note.
"""
import base64, hashlib, json

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ORIGIN = 'example.org/test'
SEED = bytes([7] * 32)


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, -1, P) % P, (y1 * y2 + x1 * x2) * pow(1 - t, -1, P) % P)


def times(n, point):
    total = (0, 1)
    while n:
        if n & 1:
            total = add(total, point)
        point, n = add(point, point), n >> 1
    return total


def recover(y, sign):
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return ((P - x if x & 1 != sign else x) % P, y)


def encode(point):
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, 'little')


def sha512(*parts):
    return int.from_bytes(hashlib.sha512(b''.join(parts)).digest(), 'little')


BASE = recover(4 * pow(5, -1, P) % P, 0)
ORDER_8 = next(t for y in range(2, 99) if (q := recover(y, 0)) and times(4, t := times(L, q)) != (0, 1))
SECRET = hashlib.sha512(SEED).digest()
SCALAR = (int.from_bytes(SECRET[:32], 'little') & (1 << 254) - 8) | 1 << 254
KEY = times(SCALAR, BASE)
IDENTITY, ORDER_2, ORDER_4 = bytes([1] + [0] * 31), encode(times(4, ORDER_8)), encode(times(2, ORDER_8))
# The same point as the identity, spelled otherwise: y = p + 1, and x = 0 with its sign.
OTHER_IDENTITIES = [(P + 1).to_bytes(32, 'little'), bytes([1] + [0] * 30 + [0x80])]


def text(n):
    root = base64.b64encode(hashlib.sha256(b'root').digest()).decode()
    return f'{ORIGIN}\n{n}\n{root}\n'


def vkey(key, name=ORIGIN):
    key_id = hashlib.sha256(name.encode() + b'\n\x01' + key).digest()[:4]
    return key_id, line(name, key_id, key)


def line(name, key_id, key):
    typed = base64.b64encode(bytes([1]) + key).decode()
    return f'{name}+{key_id.hex()}+{typed}'


def sign(n, key=None, nonce=None, shift=None):
    """R ‖ S over the n-th text, as the equation has it for this key, nonce and shift of R."""
    key = key or encode(KEY)
    nonce = sha512(SECRET[32:], text(n).encode()) % L if nonce is None else nonce
    r = times(nonce, BASE)
    r = encode(add(r, shift) if shift else r)
    return sign_with(r, nonce, n, key)


def sign_with(r, nonce, n, key):
    k = sha512(r, key, text(n).encode()) % L
    return r + ((nonce + k * SCALAR) % L).to_bytes(32, 'little')


def signature(name, key_id, blob):
    return f'\u2014 {name} {base64.b64encode(key_id + blob).decode()}\n'


def cases():
    key = encode(KEY)
    key_id, ours = vkey(key)
    good = sign(1)

    def case(what, vkey_line, n, *lines):
        yield {'what': what, 'vkey': vkey_line, 'note': text(n) + '\n' + ''.join(lines)}

    def one(what, blob, n=1):
        return case(what, ours, n, signature(ORIGIN, key_id, blob))

    yield from one('right', good)
    yield from one('right, of another text', good, 2)
    yield from one('a bit of R is another', bytes([good[0] ^ 1]) + good[1:])
    yield from one('a bit of S is another', good[:32] + bytes([good[32] ^ 1]) + good[33:])
    s = int.from_bytes(good[32:], 'little')
    yield from one('S is L more', good[:32] + (s + L).to_bytes(32, 'little'))
    yield from one('S is 8 L more', good[:32] + (s + 8 * L).to_bytes(32, 'little'))
    yield from one('one byte short', good[:63])
    yield from one('one byte long', good + b'\0')
    yield from one('no signature at all', b'')
    yield from one('R is the identity', sign(1, nonce=0))
    for n, r in enumerate(OTHER_IDENTITIES, 1):
        yield from one(f'R is the identity, spelled otherwise ({n})', sign_with(r, 0, 1, key))
    yield from one('R has a part of order 8', sign(1, shift=ORDER_8))
    mixed = encode(add(KEY, ORDER_8))
    mixed_id, mixed_vkey = vkey(mixed)
    k = lambda n: sha512(sign(n, mixed)[:32], mixed, text(n).encode()) % L
    fitting = next(n for n in range(1, 999) if k(n) % 8 == 0)
    other = next(n for n in range(1, 999) if k(n) % 8)
    yield from case('the key has a part of order 8, and k is a multiple of 8', mixed_vkey, fitting,
                    signature(ORIGIN, mixed_id, sign(fitting, mixed)))
    yield from case('the key has a part of order 8, and k is no multiple of 8', mixed_vkey, other,
                    signature(ORIGIN, mixed_id, sign(other, mixed)))
    weak = [('the identity', IDENTITY), ('of order 2', ORDER_2), ('of order 4', ORDER_4), ('of order 8', encode(ORDER_8))]
    weak += [(f'the identity, spelled otherwise ({n})', point) for n, point in enumerate(OTHER_IDENTITIES, 1)]
    for what, point in weak:
        weak_id, weak_vkey = vkey(point)
        zero = IDENTITY + bytes(32)
        k = lambda n: sha512(IDENTITY, point, text(n).encode()) % L
        fitting = next(n for n in range(1, 999) if k(n) % 8 == 0)
        yield from case(f'the key is {what}, R the identity, S 0', weak_vkey, fitting, signature(ORIGIN, weak_id, zero))
    off = next(bytes([y] + [0] * 31) for y in range(2, 99) if recover(y, 0) is None)
    off_id, off_vkey = vkey(off)
    yield from case('the key is no point of the curve', off_vkey, 1, signature(ORIGIN, off_id, good))
    yield from case('the id in the signature is another', ours, 1, signature(ORIGIN, b'\0\0\0\0', good))
    yield from case('the name in the signature is another', ours, 1, signature('example.org/other', key_id, good))
    yield from case('the id in the vkey line is another', line(ORIGIN, b'\0\0\0\0', key), 1, signature(ORIGIN, b'\0\0\0\0', good))
    stranger = signature('witness.example', b'\1\2\3\4', bytes(64))
    yield from case('right, after a line of somebody else', ours, 1, stranger, signature(ORIGIN, key_id, good))
    yield from case('a line of somebody else alone', ours, 1, stranger)
    wrong = signature(ORIGIN, key_id, sign(2))
    yield from case('right, then a wrong one by the same key', ours, 1, signature(ORIGIN, key_id, good), wrong)
    yield from case('a wrong one, then the right one by the same key', ours, 1, wrong, signature(ORIGIN, key_id, good))


for case in cases():
    print(json.dumps(case))
