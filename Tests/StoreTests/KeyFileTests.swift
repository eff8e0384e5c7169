// Files of the key index that another version of the program wrote.

import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct KeyFileTests {
  /// Keys in a file are found by this hash only. Who changes it gives the files another magic number, so that
  /// old ones are made anew: this test asks for both.
  @Test func theMagicNumberStandsForTheHash() {
    let hashes = [("Topic", "key"), ("T", "7F0000012A9C18B4AAC20A1B2C3D0000"), ("", "")].map { topic, key in
      KeyIndex.hash(Array(topic.utf8).rawBytes, Array(key.utf8).rawBytes)
    }
    #expect(KeyFile.magic == 0x6D71_6B65_7930_3033)
    #expect(hashes == [3_795_351_608, 1_885_395_844, 0])
  }

  @Test func aFileOfAnotherVersionIsMadeAnew() throws {
    let rig = try Rig()
    let stored = try rig.append("T", keys: "k", unique: "u")
    #expect(rig.find("T", "k") == [stored.physicalOffset])
    rig.store.close()
    let directory = "\(rig.root)/mq/keys"
    let names = try FileSystem.list(directory)
    try #require(names.count == 1)
    let file = try File.open("\(directory)/\(names[0])", .readWrite)
    // The magic number's lowest byte, of the version before; and the key is under another hash in it.
    try unsafe [UInt8](arrayLiteral: 0x32).withUnsafeBytes { try unsafe file.writeAll($0, at: 0) }
    let slots = [UInt8](repeating: 0, count: Limits.keySlots * 4)
    try unsafe slots.withUnsafeBytes { try unsafe file.writeAll($0, at: 4096) }
    try rig.reopen()
    #expect(rig.find("T", "k") == [stored.physicalOffset])
  }

  @Test func onlyWholeRecordsAreEntered() throws {
    let directory = try TemporaryDirectory()
    let file = try KeyFile(making: directory.path("keys"), beginOffset: 0, boot: [])
    let single = (0..<Limits.keyEntriesMax - 4).map {
      FoundKey(hash: 1, offset: Int64($0), recordEnd: Int64($0 + 1))
    }
    #expect(try file.add(single, from: 0) == single.count)
    let end = Int64(single.count)
    // Two places are left: the last record has three keys.
    let keys = [
      FoundKey(hash: 2, offset: end, recordEnd: end + 5),
      FoundKey(hash: 2, offset: end + 5), FoundKey(hash: 2, offset: end + 5),
      FoundKey(hash: 2, offset: end + 5, recordEnd: end + 9),
    ]
    #expect(try file.add(keys, from: 0) == 1)
    #expect(file.endOffset == end + 5)
    #expect(!file.hasRoom(3))
    var found: [Int64] = []
    file.visit(2) { offset in
      found.append(offset)
      return true
    }
    #expect(found == [end])
  }

  /// Killed after it was counted how many keys there will be, and before the slots knew them.
  @Test func keysThatWereOnlyCountedAreIndexedAgain() throws {
    let rig = try Rig()
    let stored = try (0..<5).map { try rig.append("T", keys: "k", unique: "u\($0)").physicalOffset }
    #expect(rig.find("T", "k") == stored)
    rig.store.close()
    let directory = "\(rig.root)/mq/keys"
    let file = try File.open("\(directory)/\(try #require(try FileSystem.list(directory).first))", .readWrite)
    try unsafe [UInt8](arrayLiteral: 10 + 7).withUnsafeBytes { try unsafe file.writeAll($0, at: 32) }
    try rig.reopen()
    let later = try rig.append("T", keys: "k", unique: "v").physicalOffset
    #expect(rig.find("T", "k") == stored + [later])
    #expect(rig.find("T", "v") == [later])
  }
}
