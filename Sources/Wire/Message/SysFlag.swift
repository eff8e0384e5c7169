// The bits of a record's sysFlag: compression, transaction state and the family of its two addresses.

/// Message sysFlag bits (Apache MessageSysFlag).
package struct SysFlag: RawRepresentable, Equatable, Sendable {
  package var rawValue: Int32
  package init(rawValue: Int32) { self.rawValue = rawValue }

  @inlinable package var isCompressed: Bool { rawValue & 0x1 != 0 }
  @inlinable package var transaction: Transaction { Transaction(rawValue: rawValue & 0xC)! }
  @inlinable package var isBornHostV6: Bool { rawValue & 0x10 != 0 }
  @inlinable package var isStoreHostV6: Bool { rawValue & 0x20 != 0 }
  /// nil for a value that Apache refuses.
  @inlinable package var compression: Compression? { Compression(rawValue: rawValue & 0x700) }

  /// What a record is to a transaction; `none` for an ordinary message.
  package enum Transaction: Int32, Sendable { case none = 0, prepared = 0x4, commit = 0x8, rollback = 0xC }
  /// The codec of a compressed body. `legacyZlib` is what clients wrote before there was a choice.
  package enum Compression: Int32, Sendable { case legacyZlib = 0, lz4 = 0x100, zstd = 0x200, zlib = 0x300 }
}
