// The rows of `mq group`.

enum GroupCommands {
  static let rows: [Command] = [
    GroupList.row, GroupDescribe.row, GroupLag.row, GroupSeek.row, GroupClone.row,
    GroupPause.pause, GroupPause.resume, GroupDelete.row,
    GroupApply.row, GroupExport.row, GroupAssign.row,
  ]
}
