// The rows of `mq config`.

enum ConfigCommands {
  static let rows: [Command] = []
}
