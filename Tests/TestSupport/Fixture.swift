// Compressed files under Tests/ and what is in them.

import CZlib
import Glibc
import Linux

/// A fixture that cannot be read.
package struct FixtureError: Error, CustomStringConvertible {
  package let description: String
}

package enum Fixture {
  /// The bytes of a gzip file.
  package static func gunzip(_ path: String) throws -> [UInt8] {
    let source = try GzipReader(path)
    var bytes: [UInt8] = []
    while let chunk = try source.read(upTo: chunkBytes) { bytes.append(contentsOf: chunk) }
    return bytes
  }

  /// Unpacks a gzip-compressed tar (ustar, GNU long names, pax paths and sizes) below `directory`. Zeros
  /// become holes, so a store of large, mostly empty files costs little room. Links and devices are refused.
  package static func untar(_ path: String, to directory: String) throws {
    let source = try GzipReader(path)
    var longName: String?
    var pax: [String: String] = [:]
    while let header = try source.readExactly(blockBytes), header.contains(where: { $0 != 0 }) {
      let bytes = try pax["size"].flatMap { Int($0) } ?? number(header[124..<136])
      let type = header[156]
      switch type {
      case UInt8(ascii: "L"):
        longName = text(try source.readPadded(bytes)[...])
        continue
      case UInt8(ascii: "x"):
        pax = records(try source.readPadded(bytes))
        continue
      case UInt8(ascii: "g"):
        _ = try source.readPadded(bytes)
        continue
      default:
        break
      }
      let target = try "\(directory)/\(checked(pax["path"] ?? longName ?? name(header)))"
      longName = nil
      pax = [:]
      switch type {
      case UInt8(ascii: "5"): try FileSystem.makeDirectories(target)
      case UInt8(ascii: "0"), 0: try unpack(source, bytes: bytes, to: target)
      default: throw FixtureError(description: "\(path): \(target) is neither file nor directory")
      }
    }
  }

  private static let blockBytes = 512
  private static let chunkBytes = 64 * 1024

  private static func unpack(_ source: GzipReader, bytes: Int, to path: String) throws {
    try FileSystem.makeDirectories(FileSystem.parentDirectory(path))
    let file = try File.open(path, .create)
    try file.truncate(to: 0)
    try file.truncate(to: Int64(bytes))
    var at = 0
    while at < bytes {
      guard let chunk = try source.readExactly(min(chunkBytes, bytes - at)) else {
        throw FixtureError(description: "\(path): the archive ends too early")
      }
      if !isZero(chunk) { try chunk.withUnsafeBytes { try file.writeAll($0, at: Int64(at)) } }
      at += chunk.count
    }
    try source.skipPadding(after: bytes)
  }

  /// Compares the bytes with themselves, one further on: memcmp is fast in debug builds too.
  private static func isZero(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { $0[0] == 0 && memcmp($0.baseAddress!, $0.baseAddress! + 1, $0.count - 1) == 0 }
  }

  private static func name(_ header: [UInt8]) -> String {
    let isUstar = header[257..<263].elementsEqual([0x75, 0x73, 0x74, 0x61, 0x72, 0])
    let prefix = isUstar ? text(header[345..<500]) : ""
    return prefix.isEmpty ? text(header[0..<100]) : "\(prefix)/\(text(header[0..<100]))"
  }

  private static func checked(_ name: String) throws -> String {
    if name.hasPrefix("/") || name.split(separator: "/").contains("..") {
      throw FixtureError(description: "\(name) leads out of the archive")
    }
    return name
  }

  /// "28 path=a/long/name\n", the first number counting the whole record.
  private static func records(_ bytes: [UInt8]) -> [String: String] {
    var result: [String: String] = [:]
    var rest = bytes[...]
    while let space = rest.firstIndex(of: 0x20) {
      guard let count = Int(text(rest[..<space])), count > 0, count <= rest.count else { break }
      let record = rest[rest.index(after: space)..<(rest.startIndex + count - 1)]
      if let equals = record.firstIndex(of: UInt8(ascii: "=")) {
        result[text(record[..<equals])] = text(record[record.index(after: equals)...])
      }
      rest = rest[(rest.startIndex + count)...]
    }
    return result
  }

  /// Up to the first zero byte.
  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits; with the top bit set, as GNU tar writes large sizes, a big-endian binary number.
  private static func number(_ bytes: ArraySlice<UInt8>) throws -> Int {
    if bytes[bytes.startIndex] & 0x80 != 0 { return bytes.dropFirst().reduce(0) { $0 << 8 | Int($1) } }
    let digits = bytes.filter { $0 >= 0x30 && $0 <= 0x37 }
    guard let value = Int(String(decoding: digits, as: UTF8.self), radix: 8) else {
      throw FixtureError(description: "a tar header has no size")
    }
    return value
  }
}

/// Reads what a gzip file holds, a part at a time.
private final class GzipReader {
  private let file: gzFile
  private let path: String

  init(_ path: String) throws {
    guard let file = gzopen(path, "rb") else { throw FixtureError(description: "\(path) cannot be opened") }
    self.file = file
    self.path = path
  }

  deinit { gzclose(file) }

  /// nil at the end.
  func read(upTo count: Int) throws -> [UInt8]? {
    let bytes = try [UInt8](unsafeUninitializedCapacity: count) { target, filled in
      let got = gzread(file, target.baseAddress, UInt32(count))
      guard got >= 0 else { throw FixtureError(description: "\(path) is not gzip or is damaged") }
      filled = Int(got)
    }
    if bytes.isEmpty && gzerrorNumber != Z_OK && gzerrorNumber != Z_STREAM_END {
      throw FixtureError(description: "\(path) ends too early")
    }
    return bytes.isEmpty ? nil : bytes
  }

  /// nil at the end; fewer bytes than asked for are an error.
  func readExactly(_ count: Int) throws -> [UInt8]? {
    guard let bytes = try read(upTo: count) else { return nil }
    guard bytes.count == count else { throw FixtureError(description: "\(path) ends too early") }
    return bytes
  }

  /// The content of an entry, without the padding that is skipped.
  func readPadded(_ count: Int) throws -> [UInt8] {
    let bytes = count == 0 ? [] : try readExactly(count) ?? []
    try skipPadding(after: count)
    return bytes
  }

  func skipPadding(after count: Int) throws {
    let padding = (512 - count % 512) % 512
    if padding > 0 { _ = try readExactly(padding) }
  }

  private var gzerrorNumber: CInt {
    var number: CInt = 0
    gzerror(file, &number)
    return number
  }
}
