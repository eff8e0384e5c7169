// The rows of `mq store`.

enum StoreCommands {
  static let rows: [Command] = []
}
