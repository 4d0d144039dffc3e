"""The calls after which bytes are on the disk: each system has its own.

Call them as ``disk.fdatasync(descriptor)``. They are chosen when this module is imported, so on
Linux they are `os.fdatasync` and `os.fsync` themselves.
"""

import errno
import os
import sys

if sys.platform == "darwin":
    import fcntl

    # How file systems refuse the call, for example SMB, WebDAV and some external drives; see
    # https://github.com/libuv/libuv/pull/2135.
    REFUSALS = (errno.ENOTSUP, errno.EINVAL, errno.ENOTTY)

    def fsync(descriptor: int) -> None:
        """Write a file or a folder to the disk. Raises `OSError`.

        Apple's own fsync leaves the bytes in the drive's cache, which a power failure empties. It
        is called only where the file system has nothing better.
        """
        try:
            fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
        except OSError as error:
            if error.errno not in REFUSALS:
                raise  # bytes may be lost, and a second call that succeeds would hide that
            os.fsync(descriptor)

    fdatasync = fsync  # macOS has none
else:
    fsync = os.fsync
    fdatasync = os.fdatasync if hasattr(os, "fdatasync") else os.fsync
