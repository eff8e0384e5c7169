extension Terminal {
  func copy(_ text: String) -> Bool { false }
}
