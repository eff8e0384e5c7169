// The rows of `mq acl`.

enum AclCommands {
  static let rows: [Command] = [
    AclList.list, AclList.describe, AclChanges.create, AclChanges.alter, AclDelete.row, AclCopy.row,
  ]
}
