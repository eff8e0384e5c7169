// The rows of `mq check`.

enum CheckCommands {
  static let rows: [Command] = []
}
