// Decompression of message bodies: zlib, LZ4 frames, Zstandard (Apache CompressorFactory). Pure.
//
// Output grows up to a limit, so a small body that swells to gigabytes ends in an error. Unsafe code: the C
// libraries get pointers that live as long as the call, with the sizes of what they point to.

import CLz4
import CZlib
import CZstd
package import Wire

/// Decompression by kind.
package enum Compression {
  /// What one step of a library did.
  private struct Step {
    var consumed: Int
    var produced: Int
    var isEnd: Bool
  }

  /// The decompressed body.
  ///
  /// - Parameter kind: From the record's sysFlag; nil is a kind that nobody knows.
  /// - Throws: `.malformedAnswer` when it is damaged, cut, of an unknown kind, or larger than `bytesMax`.
  package static func inflate(
    _ input: [UInt8], _ kind: SysFlag.Compression?, bytesMax: Int
  ) throws(ClientError) -> [UInt8] {
    switch kind {
    case .legacyZlib, .zlib: return try zlib(input, bytesMax)
    case .lz4: return try lz4(input, bytesMax)
    case .zstd: return try zstd(input, bytesMax)
    case nil: throw ClientError(.malformedAnswer, "a message body is compressed in an unknown way")
    }
  }

  private static func damaged(_ library: String) -> ClientError {
    ClientError(.malformedAnswer, "a message body is damaged: it is no \(library) data")
  }

  /// Calls `step` with the rest of the input and free space until it says that it is at the end.
  private static func drain(
    _ input: [UInt8], _ bytesMax: Int, _ library: String,
    _ step: (UnsafeRawBufferPointer, UnsafeMutableRawBufferPointer) -> Step?
  ) throws(ClientError) -> [UInt8] {
    var output = ByteBuffer(capacity: min(bytesMax, max(256, input.count * 3)))
    var position = 0
    while true {
      var outcome: Step?
      _ = unsafe output.fill(minimum: 4096) { free in
        unsafe input.withUnsafeBytes { bytes in
          outcome = unsafe step(UnsafeRawBufferPointer(rebasing: bytes[position...]), free)
        }
        return outcome?.produced ?? 0
      }
      guard let outcome else { throw damaged(library) }
      position += outcome.consumed
      if output.count > bytesMax {
        throw ClientError(
          .malformedAnswer, "a message body is larger than \(bytesMax) bytes when decompressed")
      }
      if outcome.isEnd { return output.array }
      if outcome.consumed == 0 && outcome.produced == 0 { throw damaged(library) }
    }
  }

  private static func zlib(_ input: [UInt8], _ bytesMax: Int) throws(ClientError) -> [UInt8] {
    var stream = unsafe z_stream()
    guard unsafe inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      throw damaged("zlib")
    }
    defer { _ = unsafe inflateEnd(&stream) }
    return try unsafe drain(input, bytesMax, "zlib") { source, target in
      unsafe stream.next_in = UnsafeMutablePointer(mutating: source.bindMemory(to: UInt8.self).baseAddress)
      unsafe stream.avail_in = UInt32(source.count)
      unsafe stream.next_out = target.bindMemory(to: UInt8.self).baseAddress
      unsafe stream.avail_out = UInt32(target.count)
      let code = unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
      if code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR { return nil }
      return unsafe Step(
        consumed: source.count - Int(stream.avail_in), produced: target.count - Int(stream.avail_out),
        isEnd: code == Z_STREAM_END)
    }
  }

  private static func lz4(_ input: [UInt8], _ bytesMax: Int) throws(ClientError) -> [UInt8] {
    var context: OpaquePointer?
    guard unsafe LZ4F_isError(LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))) == 0 else {
      throw damaged("LZ4")
    }
    defer { _ = unsafe LZ4F_freeDecompressionContext(context) }
    return try unsafe drain(input, bytesMax, "LZ4") { source, target in
      var consumed = source.count
      var produced = target.count
      let left = unsafe LZ4F_decompress(
        context, target.baseAddress, &produced, source.baseAddress, &consumed, nil)
      if LZ4F_isError(left) != 0 { return nil }
      return Step(consumed: consumed, produced: produced, isEnd: left == 0)
    }
  }

  private static func zstd(_ input: [UInt8], _ bytesMax: Int) throws(ClientError) -> [UInt8] {
    guard let stream = unsafe ZSTD_createDStream() else { throw damaged("Zstandard") }
    defer { _ = unsafe ZSTD_freeDStream(stream) }
    return try unsafe drain(input, bytesMax, "Zstandard") { source, target in
      var from = unsafe ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
      var to = unsafe ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
      let left = unsafe ZSTD_decompressStream(stream, &to, &from)
      if ZSTD_isError(left) != 0 { return nil }
      return unsafe Step(consumed: from.pos, produced: to.pos, isEnd: left == 0)
    }
  }
}
