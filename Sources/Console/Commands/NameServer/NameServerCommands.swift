// The rows of `mq namesrv`.

enum NameServerCommands {
  static let rows: [Command] = []
}
