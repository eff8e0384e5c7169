// The rows of `mq user`.

enum UserCommands {
  static let rows: [Command] = [
    UserList.list, UserList.describe, UserChanges.create, UserChanges.alter, UserDelete.row, UserCopy.row,
  ]
}
