// The rows of `mq topic`.

enum TopicCommands {
  static let rows: [Command] = [
    TopicList.row, TopicDescribe.row, TopicRouteCommand.row, TopicOffsets.row, TopicStatsCommand.row,
    TopicCreate.row, TopicAlter.row, TopicDelete.row, TopicApply.row, TopicExport.row,
    TopicOrderGet.row, TopicOrderSet.row, TopicOrderUnset.row, StaticTopicCreate.row, StaticTopicRemap.row,
  ]
}
