// How full a file system is. Any thread.

import Glibc

extension FileSystem {
  /// Used part of the file system that holds `path`, 0…1, as `df` shows it: blocks reserved for root count
  /// neither as used nor as free. The C function is `statvfs`.
  package static func usedRatio(_ path: String) throws(Errno) -> Double {
    var status = statvfs()
    // Both pointers live through the call.
    try Syscall.run("statvfs") { unsafe statvfs(path, &status) }
    let used = Double(status.f_blocks - status.f_bfree)
    let usable = Double(status.f_bavail)
    return used + usable > 0 ? used / (used + usable) : 0
  }
}
