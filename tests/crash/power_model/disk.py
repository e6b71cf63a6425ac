# SPDX-License-Identifier: Apache-2.0
"""How a disk may look when the power goes at a moment of a recording.

The model, as adverse as POSIX lets a file system be that keeps its own directories consistent:
- What was forced to disk before the moment is there: fsync and fdatasync force a file's bytes and size, and not its
  name; fsync of a directory forces the names in it (both ends of a rename); syncfs forces everything. [fsync(2),
  syncfs(2)]
- Of everything else any subset is there, in any order: a name without its bytes (a file of length zero, or with old
  bytes), bytes without the name, the later operation without the earlier. [ALICE, OSDI'14: the abstract persistence
  model; CrashMonkey/B3, OSDI'18: most faults show right after a force to disk]
- A write may be torn at any 512-byte sector; a sector is old or new. Where a file grew, what did not arrive reads as
  zeros or as garbage, and the size may be ahead of the bytes. [SQLite's crash tests, test6.c; ext4(5) data=writeback]
- A name is in one of the states that it was in: an operation on a name needs the one before on the same name, and the
  directory that it lies in. A rename is in one piece: the old name goes, the new one comes, and what it replaces is
  replaced, at once. [rename(2); ext4, xfs and btrfs commit it in one transaction]
SQLite's WAL index (-shm) is a mapped file that a restart rebuilds: it is not kept.
"""
import bisect

from power_model import recording
from power_model.recording import CREATE, DATA, EXCHANGE, FSYNC, LINK, MKDIR, RENAME, RMDIR, SYNCFS, SYNCS, UNLINK, WRITE

SECTOR = 512

# How what was not forced is chosen, and how often.
MODES = (("kill", 1), ("nothing", 1), ("names only", 2), ("bytes only", 1), ("any subset", 5), ("all but one", 4),
         ("only one", 1), ("early half", 1), ("late half", 3))


class Disk:
    """A recording, and the trees that a cut in it may leave."""

    def __init__(self, made):
        self.ops = made.ops
        self.marks, self.trees = [0], [made.before.copy()]  # after each syncfs everything is on disk
        tree = made.before.copy()
        for i, op in enumerate(made.ops):
            recording.apply(tree, op)
            if op.type == SYNCFS:
                self.marks.append(i + 1)
                self.trees.append(tree.copy())

    def moments(self):
        """Every cut: before the first operation, ... after the last."""
        return range(len(self.ops) + 1)

    def before_syncs(self):
        """The moments right before a force to disk."""
        return [i for i, op in enumerate(self.ops) if op.type in SYNCS]

    def whole(self, cut):
        """The tree that every process sees at the moment."""
        at = bisect.bisect_right(self.marks, cut) - 1
        tree = self.trees[at].copy()
        for op in self.ops[self.marks[at]:cut]:
            recording.apply(tree, op)
        return tree

    def left(self, cut, mode, random):
        """A tree that the power may leave; with it, in words, what of the operations before the cut is missing."""
        at = bisect.bisect_right(self.marks, cut) - 1
        tree, window = self.trees[at].copy(), self.ops[self.marks[at]:cut]
        forced = forced_of(window)
        keep = choose(window, forced, mode, random)
        missing, sizes = [], {}
        for op, must, wanted in zip(window, forced, keep):
            if op.type in SYNCS:
                continue
            if op.type in DATA:
                if not put_data(tree, op, must, wanted, sizes, random):
                    missing.append(op)
            elif wanted and possible(tree, op):
                recording.apply(tree, op)
            else:
                missing.append(op)
                if op.type == CREATE:
                    tree.files.setdefault(op.inode, b"")  # it has no name; another operation may give it one
        for inode, size in sizes.items():
            grow(tree, inode, size, random)
        return tree, missing


def forced_of(window):
    """For each operation: is it on disk for sure at the end of the window?"""
    forced = [False] * len(window)
    files, names = set(), set()  # what a later fsync forces
    for i in range(len(window) - 1, -1, -1):
        op = window[i]
        if op.type == FSYNC:
            files.add(op.inode)
        elif op.type in DATA:
            forced[i] = op.inode in files
        elif op.type not in SYNCS:
            entries = entries_of(op)
            # A name that is forced brings what was done to the same name before.
            forced[i] = any(directory in files or (directory, name) in names for directory, name in entries)
            if forced[i]:
                names.update(entries)
    return forced


def entries_of(op):
    if op.type in (RENAME, EXCHANGE):
        return ((op.dir, op.name), (op.to_dir, op.to_name))
    return ((op.dir, op.name),)


def choose(window, forced, mode, random):
    """For each operation: shall it be there? Data gets a share of its sectors, between 0 and 1."""
    free = [i for i, must in enumerate(forced) if not must and window[i].type not in SYNCS]
    keep = [1.0] * len(window)
    if mode == "kill" or not free:
        return keep
    one = random.choice(free)
    names, data = random.choice((0.2, 0.5, 0.8, 0.95)), random.choice((0.0, 0.3, 0.7, 1.0))
    for i in free:
        is_data = window[i].type in DATA
        if mode == "nothing":
            keep[i] = 0.0
        elif mode == "names only":
            keep[i] = 0.0 if is_data else 1.0
        elif mode == "bytes only":
            keep[i] = 1.0 if is_data else 0.0
        elif mode == "all but one":
            keep[i] = 0.0 if i == one else 1.0
        elif mode == "only one":
            keep[i] = 1.0 if i == one else 0.0
        elif mode in ("early half", "late half"):
            keep[i] = 1.0 if (i < one) == (mode == "early half") else (data if is_data else 0.0)
        elif is_data:
            keep[i] = random.choice((0.0, 1.0, data))
        else:
            keep[i] = 1.0 if random.random() < names else 0.0
    return keep


def possible(tree, op):
    """Were the names on the disk as they were when it happened?"""
    dirs = tree.dirs
    if op.type in (CREATE, MKDIR, LINK):
        return op.dir in dirs and op.name not in dirs[op.dir]
    if op.dir not in dirs or dirs[op.dir].get(op.name) != op.inode:
        return False
    if op.type in (RENAME, EXCHANGE):
        return op.to_dir in dirs and dirs[op.to_dir].get(op.to_name, 0) == op.replaced
    if op.type == RMDIR:
        if dirs[op.inode]:
            return False
        del dirs[op.inode]
    return op.type in (UNLINK, RMDIR)


def put_data(tree, op, must, wanted, sizes, random):
    """One write or truncation, as much of it as arrives; False: not all of it."""
    share = 1.0 if must else wanted
    if share == 1.0 or (op.type != WRITE and random.random() < share):
        recording.apply(tree, op)
        return True
    if op.type == WRITE:
        # The size is in the inode, the bytes are not: it may be ahead of them.
        if random.random() < 0.3:
            sizes[op.inode] = max(sizes.get(op.inode, 0), op.offset + len(op.data))
        put_sectors(tree, op, share, random)
    return False


def put_sectors(tree, op, share, random):
    if share == 0.0:
        return
    part = recording.Op()
    part.type, part.inode = WRITE, op.inode
    end = op.offset + len(op.data)
    at = op.offset
    while at < end:
        stop = min(end, (at // SECTOR + 1) * SECTOR)
        if random.random() < share:
            part.offset, part.data = at, op.data[at - op.offset:stop - op.offset]
            recording.apply(tree, part)
        at = stop


def grow(tree, inode, size, random):
    data = tree.files.get(inode)
    if data is None or len(data) >= size:
        return
    missing = size - len(data)
    tree.files[inode] = bytes(data) + (bytes(missing) if random.random() < 0.7 else random.randbytes(missing))
