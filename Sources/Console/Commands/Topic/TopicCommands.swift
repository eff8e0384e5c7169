// The rows of `mq topic`.

enum TopicCommands {
  static let rows: [Command] = [
    TopicList.row, TopicDescribe.row, TopicRouteCommand.row, TopicCreate.row, TopicAlter.row, TopicDelete.row,
  ]
}
