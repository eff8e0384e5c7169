// The rows of `mq acl`.

enum AclCommands {
  static let rows: [Command] = []
}
