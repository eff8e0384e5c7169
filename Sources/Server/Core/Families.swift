/// All request families. A new family is one file and one line here.
enum Families {
  static let all: [[RequestRow]] = [
    RegistrationRequests.rows, RouteRequests.rows, KeyValueRequests.rows,
    Produce.rows, TransactionRequests.rows, ReplyRequests.rows, RecallRequests.rows, TimerRequests.rows,
    Redelivery.rows, Pull.rows,
    OffsetRequests.rows, ResetRequests.rows, MessageRequests.rows,
    HeartbeatRequests.rows, ClientRequests.rows,
    Pop.rows, PopAcks.rows, PopQueries.rows, Assignment.rows,
    TopicRequests.rows, GroupRequests.rows, ProgressRequests.rows, StatusRequests.rows,
    PauseRequests.rows, ColdFlowRequests.rows, UpkeepRequests.rows, RelayRequests.rows,
    StaticTopicRequests.rows, SettingRequests.rows,
  ]
}
