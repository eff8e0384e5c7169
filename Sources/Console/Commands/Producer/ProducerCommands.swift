// The rows of `mq producer`.

enum ProducerCommands {
  static let rows: [Command] = [ProducerList.row]
}
