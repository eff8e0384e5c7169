// The rows of `mq group`.

enum GroupCommands {
  static let rows: [Command] = [
    GroupList.row, GroupDescribe.row, GroupClients.row, GroupLag.row, GroupCreate.row, GroupAlter.row,
    GroupMode.row,
    GroupSeek.row, GroupClone.row, GroupOffsetsExport.row, GroupOffsetsImport.row, GroupOffsetsDelete.row,
    GroupPause.pause, GroupPause.resume, GroupDelete.row,
    GroupApply.row, GroupExport.row, GroupAssign.row,
  ]
}
