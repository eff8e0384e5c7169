// The growable buffer against an array.

import Testing
import Wire

struct ByteBufferTests {
  @Test func decimals() {
    var out = ByteBuffer()
    var values: [Int64] = [0, .min, .max, -1]
    var power: Int64 = 1
    for _ in 0..<18 {
      power *= 10
      values += [power - 1, power, power + 1, -power, 1 - power]
    }
    values += (0...10_000).map { Int64($0) }
    for value in values {
      out.removeAll()
      out.append(decimal: value)
      #expect(out.bytes.text == String(value))
    }
  }

  /// A queue of bytes against an array that does the same.
  @Test func behavesLikeAnArray() {
    var random = Seeded(77)
    var buffer = ByteBuffer()
    var model: [UInt8] = []
    for _ in 0..<3000 {
      switch random.int(0...5) {
      case 0:
        let count = random.int(0...model.count)
        buffer.consume(count)
        model.removeFirst(count)
      case 1:
        buffer.truncate(to: model.count / 2)
        model.removeLast(model.count - model.count / 2)
      case 2:
        buffer.append(bigEndian: UInt32(0x0102_0304))
        model += [1, 2, 3, 4]
      case 3:
        let written = buffer.fill(minimum: 10) { free in
          free[0] = 7
          return 1
        }
        #expect(written == 1)
        model.append(7)
      case 4 where model.count >= 4:
        buffer.patch(int32: -2, at: model.count - 4)
        model.replaceSubrange((model.count - 4)..., with: [0xFF, 0xFF, 0xFF, 0xFE])
      default:
        let more = random.bytes(0...300)
        buffer.append(more)
        model += more
      }
      #expect(buffer.count == model.count && buffer.array == model)
    }
    buffer.release()
    #expect(buffer.isEmpty && buffer.capacityBytes == 0)
  }
}
