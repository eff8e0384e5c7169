extension Key {
  package static func control(_ letter: Unicode.Scalar) -> Key {
    Unicode.Scalar(letter.value & 0x1F).map { .text($0) } ?? .escape
  }
}
extension Terminal {
  func copy(_ text: String) -> Bool { false }
}
