/// All request families. A new family is one file and one line here.
enum Families {
  static let all: [[RequestRow]] = [
    RegistrationRequests.rows, RouteRequests.rows, KeyValueRequests.rows,
    Produce.rows, Redelivery.rows, Pull.rows,
    OffsetRequests.rows, ResetRequests.rows, MessageRequests.rows,
    HeartbeatRequests.rows, ClientRequests.rows,
    TopicRequests.rows, GroupRequests.rows, ProgressRequests.rows, StatusRequests.rows,
    UpkeepRequests.rows, RelayRequests.rows, StaticTopicRequests.rows,
  ]
}
