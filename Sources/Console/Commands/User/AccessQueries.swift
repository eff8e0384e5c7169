// What brokers know of users and rules (Apache codes 3004, 3005, 3009, 3010), gathered over brokers.

import Client
import Wire

enum AccessQueries {
  /// Asks all targets at once and makes something of each answer's body; `decode` gets nil for an empty one.
  static func ask<T>(
    _ request: Request, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems,
    _ decode: (JSON?) -> T?
  ) -> [(target: BrokerTarget, value: T)] {
    var result: [(target: BrokerTarget, value: T)] = []
    let answers = cluster.callAll(targets.map { ($0.address, request) })
    for (target, answer) in zip(targets, answers) {
      let json = problems.take(target) { () throws(ClientError) -> JSON? in
        let response: Response
        do throws(ClientError) {
          response = try answer.get().success(from: target.address)
        } catch { throw explained(error) }
        return response.body.isEmpty ? nil : try response.json(from: target.address)
      }
      if let json, let value = decode(json) { result.append((target, value)) }
    }
    return result
  }

  /// A broker without users says that it does not know the request; an unknown name is told with code 16.
  static func explained(_ error: ClientError) -> ClientError {
    if error.kind == .refused(code: ResponseCode.requestCodeNotSupported.rawValue) {
      return ClientError(
        error.kind, error.message,
        hint: "users and rules came with RocketMQ 5.3, and are not in mq serve")
    }
    if error.kind == .auth, Glob.isPart("not exist", of: error.message) {
      return ClientError(.notFound, error.message, hint: error.hint)
    }
    if error.kind == .auth, Glob.isPart("existed", of: error.message) {
      return ClientError(
        .refused(code: ResponseCode.noPermission.rawValue), error.message, hint: "mq user alter changes it")
    }
    return error
  }

  /// One user on each of the brokers that know him.
  static func user(
    _ name: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, value: UserInfo)] {
    ask(Request(.authGetUser, [("username", name)]), cluster, targets, &problems) {
      $0.flatMap(UserInfo.init)
    }
  }

  /// The users whose names contain `filter`, of each broker.
  static func users(
    _ filter: String?, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, value: [UserInfo])] {
    let fields = filter.map { [(name: "filter", value: $0)] } ?? []
    return ask(Request(.authListUsers, fields), cluster, targets, &problems) {
      ($0?.array ?? []).compactMap(UserInfo.init)
    }
  }

  /// The rules of a subject on each of the brokers that have some.
  static func rules(
    of subject: String, _ cluster: Cluster, _ targets: [BrokerTarget], _ problems: inout Problems
  ) -> [(target: BrokerTarget, value: AclInfo)] {
    ask(Request(.authGetAcl, [("subject", subject)]), cluster, targets, &problems) {
      $0.flatMap(AclInfo.init)
    }
  }

  /// The rules whose subject and resource contain the filters, of each broker.
  static func rules(
    subject: String?, resource: String?, _ cluster: Cluster, _ targets: [BrokerTarget],
    _ problems: inout Problems
  ) -> [(target: BrokerTarget, value: [AclInfo])] {
    var fields: [(name: String, value: String)] = []
    if let subject { fields.append(("subjectFilter", subject)) }
    if let resource { fields.append(("resourceFilter", resource)) }
    return ask(Request(.authListAcl, fields), cluster, targets, &problems) {
      ($0?.array ?? []).compactMap(AclInfo.init)
    }
  }
}
