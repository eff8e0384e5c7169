// The rows of `mq group`.

enum GroupCommands {
  static let rows: [Command] = [
    GroupList.row, GroupDescribe.row, GroupLag.row, GroupCreate.row, GroupAlter.row, GroupMode.row,
    GroupSeek.row, GroupClone.row,
    GroupPause.pause, GroupPause.resume, GroupDelete.row,
  ]
}
