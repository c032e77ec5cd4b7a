"""The aligner compiled: word and character errors of a batch of pairs, without a Python object for any word.

The algorithm is that of rapidfuzz's ``Levenshtein.editops``, so the numbers are those of alignment.py, ties included
(tests compare them): what both sides begin and end with is left out, the rest goes bit-parallel through columns, and
the way back through the kept columns takes a deletion where there can be one, then an insertion, else a match or a
substitution. Only pairs whose differing stretches have at most ``LONGEST`` bytes are counted here: beyond some size
rapidfuzz divides the problem, which breaks ties differently.

Conventions: texts are normalised (words joined by single spaces), in UTF-8, one behind the other in an array of bytes;
text i is ``text[ends[i]:ends[i + 1]]``, as in Arrow. A symbol is a word or a character; within a pair the reference's
symbols are numbered from 0 as they first occur, and a symbol of the hypothesis alone is ``STRANGE``. 64 places of the
reference are one block, a bit each.

numba compiles this in about two seconds when ``count`` is first called. Nothing is kept on disk: that would be pickles.

Sources: Myers (1999), "A fast bit-vector algorithm for approximate string matching based on dynamic programming";
Hyyrö (2003), "A bit-vector algorithm for computing Levenshtein and Damerau edit distances".
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator, call-overload"
from __future__ import annotations

import numpy as np
from numba import njit

LONGEST = 3000
TABLE_SIZE = 8192  # a power of two, more than twice LONGEST words of one letter
TOO_LONG = -1
STRANGE = -1
SPACE = 32
CODE_POINTS = 0x110000
HASH_START, HASH_FACTOR = np.uint64(14695981039346656037), np.uint64(1099511628211)  # FNV-1a
ALL, ONE, NONE = np.uint64(2**64 - 1), np.uint64(1), np.uint64(0)

_inner = njit(no_cpython_wrapper=True, no_cfunc_wrapper=True)  # half the time to compile


def scratch() -> tuple[np.ndarray, ...]:
    """The memory ``count`` works in, made once: allocating inside would take longer to compile."""
    symbols = [np.empty(LONGEST, np.int32) for _ in range(3)]
    words = [np.empty(LONGEST, kind) for kind in (np.int64, np.int64, np.uint64) * 2]
    blocks = LONGEST // 64 + 1
    bits = [np.empty((LONGEST + 1) * blocks, np.uint64) for _ in range(3)]
    tables = [np.full(TABLE_SIZE, STRANGE, np.int32), np.full(CODE_POINTS, STRANGE, np.int32)]
    return (*symbols, *words, *bits, *tables)


@njit(no_cfunc_wrapper=True)
def count(references, reference_ends, hypotheses, hypothesis_ends, wanted, counts, missed, missed_ends, marks, memory):
    """Count the errors of the ``wanted`` pairs (bool); returns the numbers of missed reference words and of errors.

    ``counts``, zeros of int32 (n, 4), gets missed words, substitutions, insertions and character errors. The missed
    words (substituted or deleted, in no order) are written one behind the other to the bytes ``missed``, which must be
    as long as ``references``, and their ends to ``missed_ends`` from 1 on. ``marks``, int32 (errors, 3), gets for every
    error the pair, the place (the number of the reference word, or of the one that an insertion stands before) and
    whether it is an insertion; in order, pair by pair. A pair that is too long gets TOO_LONG as its first count and no
    marks. ``memory`` is as ``scratch`` made it.
    """
    left, right, codes, starts, ends, hashes, starts2, ends2, hashes2, masks, plus, minus, table, letters = memory
    found = filled = marked = 0
    for i in range(wanted.size):
        if not wanted[i]:
            continue
        a, b, c, d = _middle(
            references,
            np.int64(reference_ends[i]),
            np.int64(reference_ends[i + 1]),
            hypotheses,
            np.int64(hypothesis_ends[i]),
            np.int64(hypothesis_ends[i + 1]),
        )
        if b - a > LONGEST or d - c > LONGEST:
            counts[i, 0] = TOO_LONG
            continue
        if a == b and c == d:
            continue
        m = _split(references, a, b, starts, ends, hashes)
        n = _split(hypotheses, c, d, starts2, ends2, hashes2)
        distinct = _number_words(
            references, m, starts, ends, hashes, hypotheses, n, starts2, ends2, hashes2, table, left, right
        )
        first, m, n = _trimmed(left, m, right, n)
        blocks = (m + 63) // 64
        _distance(left, right, first, m, n, distinct, masks, plus, minus, blocks)
        before = np.int64(first)
        for place in range(np.int64(reference_ends[i]), a):
            if references[place] == SPACE:
                before += 1
        row, column, begun = n, m, marked
        while row or column:
            cell = row * blocks + (column - 1) // 64
            bit = ONE << np.uint64((column - 1) % 64)
            if row == 0 or (column and plus[cell] & bit):
                column -= 1
            else:
                row -= 1
                if column == 0 or (row and minus[cell - blocks] & bit):
                    counts[i, 2] += 1
                    marks[marked, 0], marks[marked, 1], marks[marked, 2] = i, before + column, 1
                    marked += 1
                    continue
                column -= 1
                if left[first + column] == right[first + row]:
                    continue
                counts[i, 1] += 1
            counts[i, 0] += 1
            marks[marked, 0], marks[marked, 1], marks[marked, 2] = i, before + column, 0
            marked += 1
            for place in range(starts[first + column], ends[first + column]):
                missed[filled] = references[place]
                filled += 1
            found += 1
            missed_ends[found] = filled
        last = marked - 1  # the way back met them from the end
        while begun < last:
            place, inserted = marks[begun, 1], marks[begun, 2]
            marks[begun, 1], marks[begun, 2] = marks[last, 1], marks[last, 2]
            marks[last, 1], marks[last, 2] = place, inserted
            begun, last = begun + 1, last - 1
        m, n = _decode(references, a, b, left), _decode(hypotheses, c, d, right)
        first, m, n = _trimmed(left, m, right, n)
        distinct = _number_letters(letters, codes, left, right, first, m, n)
        counts[i, 3] = _distance(left, right, first, m, n, distinct, masks, plus, minus, np.int64(0))
    return found, marked


@_inner
def _middle(left, a, b, right, c, d):
    """What is left of two texts without the words both begin with, and the words both then end with."""
    same = whole = 0
    shorter = min(b - a, d - c)
    while same < shorter and left[a + same] == right[c + same]:
        same += 1
        if left[a + same - 1] == SPACE:
            whole = same
    if same == b - a and same == d - c:
        return b, b, d, d
    a, c = a + whole, c + whole
    same = whole = 0
    shorter = min(b - a, d - c)
    while same < shorter and left[b - 1 - same] == right[d - 1 - same]:
        same += 1
        if left[b - same] == SPACE:
            whole = same
    return a, b - whole, c, d - whole


@_inner
def _split(text, start, end, starts, ends, hashes):
    """The words of ``text[start:end]``: where they are, and hashes of them; returns their number."""
    if start == end:
        return 0
    number, value = 0, HASH_START
    starts[0] = start
    for place in range(start, end):
        if text[place] == SPACE:
            ends[number], hashes[number] = place, value
            number, value = number + 1, HASH_START
            starts[number] = place + 1
        else:
            value = (value ^ np.uint64(text[place])) * HASH_FACTOR
    ends[number], hashes[number] = end, value
    return number + 1


@_inner
def _same(left, a, b, right, c, d):
    """Whether ``left[a:b]`` and ``right[c:d]`` are the same bytes."""
    if b - a != d - c:
        return False
    same = 0
    while same < b - a and left[a + same] == right[c + same]:
        same += 1
    return same == b - a


@_inner
def _number_words(references, m, starts, ends, hashes, hypotheses, n, starts2, ends2, hashes2, table, left, right):
    """The symbols of both sides; returns how many different ones the reference has. ``table`` is left empty.

    The hash table holds numbers of reference words; equal hashes are not trusted, the bytes are compared. Its search is
    written twice because a call with that many arrays would take as long as everything else.
    """
    size = 64
    while size < 2 * m:
        size *= 2
    top = np.uint64(size - 1)
    distinct = 0
    for k in range(m):
        slot = (hashes[k] ^ (hashes[k] >> np.uint64(32))) & top
        while table[slot] != STRANGE:
            known = table[slot]
            a, b = starts[known], ends[known]
            if hashes[known] == hashes[k] and _same(references, a, b, references, starts[k], ends[k]):
                break
            slot = (slot + ONE) & top
        if table[slot] == STRANGE:
            table[slot] = k
            left[k] = distinct
            distinct += 1
        else:
            left[k] = left[table[slot]]
    for k in range(n):
        slot = (hashes2[k] ^ (hashes2[k] >> np.uint64(32))) & top
        right[k] = STRANGE
        while table[slot] != STRANGE:
            known = table[slot]
            a, b = starts[known], ends[known]
            if hashes[known] == hashes2[k] and _same(references, a, b, hypotheses, starts2[k], ends2[k]):
                right[k] = left[known]
                break
            slot = (slot + ONE) & top
    for k in range(size):
        table[k] = STRANGE
    return distinct


@_inner
def _decode(text, start, end, out):
    """The code points of UTF-8; returns their number."""
    number = 0
    code = np.int32(0)
    for place in range(start, end):
        byte = np.int32(text[place])
        if byte & 0xC0 == 0x80:
            code = code << 6 | byte & 0x3F
            out[number - 1] = code
            continue
        code = byte if byte < 0x80 else byte & 0x1F if byte < 0xE0 else byte & 0x0F if byte < 0xF0 else byte & 0x07
        out[number] = code
        number += 1
    return number


@_inner
def _number_letters(letters, codes, left, right, first, m, n):
    """Replace code points by symbols; returns how many the reference has. ``letters`` is left empty."""
    distinct = 0
    for k in range(first, first + m):
        code = left[k]
        if letters[code] == STRANGE:
            letters[code] = distinct
            codes[distinct] = code
            distinct += 1
        left[k] = letters[code]
    for k in range(first, first + n):
        right[k] = letters[right[k]]
    for k in range(distinct):
        letters[codes[k]] = STRANGE
    return distinct


@_inner
def _trimmed(left, m, right, n):
    """Where the differing stretch begins, and its length on both sides."""
    first, shorter = 0, min(m, n)
    while first < shorter and left[first] == right[first]:
        first += 1
    while m > first and n > first and left[m - 1] == right[n - 1]:
        m, n = m - 1, n - 1
    return first, m - first, n - first


@_inner
def _distance(left, right, first, m, n, distinct, masks, plus, minus, stride):
    """The edit distance of symbols; a bit of ``plus`` (``minus``) says that the cell is one more (less) than above it.

    Column j is kept from ``j * stride`` on; stride 0 keeps the last one only.
    """
    if m == 0:
        return n
    blocks = (m + 63) // 64
    for k in range((distinct + 1) * blocks):
        masks[k] = NONE
    for k in range(m):
        masks[left[first + k] * blocks + k // 64] |= ONE << np.uint64(k % 64)
    for block in range(blocks):
        plus[block], minus[block] = ALL, NONE
    last = ONE << np.uint64((m - 1) % 64)
    distance = m
    for j in range(n):
        symbol = right[first + j]
        mask = (distinct if symbol == STRANGE else symbol) * blocks
        before, after = j * stride, (j + 1) * stride
        carry_up, carry_down = ONE, NONE
        up, down = NONE, NONE
        for block in range(blocks):
            p, q = plus[before + block], minus[before + block]
            x = masks[mask + block] | carry_down
            diagonal = (((x & p) + p) ^ p) | x | q
            up, down = q | ~(diagonal | p), diagonal & p
            shifted_up, shifted_down = up << ONE | carry_up, down << ONE | carry_down
            carry_up, carry_down = up >> np.uint64(63), down >> np.uint64(63)
            plus[after + block], minus[after + block] = shifted_down | ~(diagonal | shifted_up), shifted_up & diagonal
        if up & last:
            distance += 1
        elif down & last:
            distance -= 1
    return distance
