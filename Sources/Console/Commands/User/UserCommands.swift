// The rows of `mq user`.

enum UserCommands {
  static let rows: [Command] = []
}
