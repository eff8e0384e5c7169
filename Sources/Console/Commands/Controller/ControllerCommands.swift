// The rows of `mq controller`.

enum ControllerCommands {
  static let rows: [Command] = []
}
