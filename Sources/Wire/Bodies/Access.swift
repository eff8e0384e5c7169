// Users and what they may do (Apache org.apache.rocketmq.remoting.protocol.body.UserInfo and AclInfo; codes
// 3001 to 3010).

/// A user of a cluster with authentication (Apache UserInfo). A member that is nil is not sent, and a broker
/// leaves it as it is.
package struct UserInfo: Equatable, Sendable {
  package var name: String
  /// In the clear, as brokers send it.
  package var password: String?
  /// "Normal" or "Super".
  package var type: String?
  /// "enable" or "disable".
  package var status: String?

  /// A user of whom only the name is known.
  package init(name: String) { self.name = name }

  /// nil when the value is no user.
  package init?(_ json: JSON) {
    guard let name = json["username"]?.string else { return nil }
    self.name = name
    password = json["password"]?.string
    type = json["userType"]?.string
    status = json["userStatus"]?.string
  }

  /// As a broker takes it.
  package var json: JSON {
    .record([
      "password": password.map { .string($0) }, "userStatus": status.map { .string($0) },
      "userType": type.map { .string($0) }, "username": .string(name),
    ])
  }
}

/// The rules of one subject (Apache AclInfo).
package struct AclInfo: Equatable, Sendable {
  /// One rule (Apache AclInfo.PolicyEntryInfo).
  package struct Entry: Equatable, Sendable {
    /// "Topic:Orders", "Group:pay*", "Cluster:*" or "*".
    package var resource: String
    /// "Pub", "Sub", "Create", "Update", "Delete", "Get", "List", "All".
    package var actions: [String]
    /// Addresses and ranges the rule holds for; empty for all.
    package var sourceIps: [String]
    /// "Allow" or "Deny".
    package var decision: String

    /// A rule.
    package init(resource: String, actions: [String], sourceIps: [String], decision: String) {
      self.resource = resource
      self.actions = actions
      self.sourceIps = sourceIps
      self.decision = decision
    }
  }
  /// "Custom" or "Default" rules.
  package struct Policy: Equatable, Sendable {
    /// nil lets the broker take Custom.
    package var type: String?
    package var entries: [Entry]
  }

  /// "User:name".
  package var subject: String
  package var policies: [Policy]

  /// Rules of the broker's own choice of policy.
  package init(subject: String, entries: [Entry]) {
    self.subject = subject
    policies = [Policy(type: nil, entries: entries)]
  }

  /// nil when the value has no subject.
  package init?(_ json: JSON) {
    guard let subject = json["subject"]?.string else { return nil }
    self.subject = subject
    policies = (json["policies"]?.array ?? []).map { policy in
      Policy(type: policy["policyType"]?.string, entries: (policy["entries"]?.array ?? []).map(Entry.init))
    }
  }

  /// As a broker takes it.
  package var json: JSON {
    let list = policies.map { policy in
      JSON.record([
        "entries": .array(policy.entries.map(\.json)), "policyType": policy.type.map { .string($0) },
      ])
    }
    return .record(["policies": .array(list), "subject": .string(subject)])
  }
}

extension AclInfo.Entry {
  fileprivate init(_ json: JSON) {
    resource = json["resource"]?.string ?? ""
    actions = (json["actions"]?.array ?? []).compactMap(\.string)
    sourceIps = (json["sourceIps"]?.array ?? []).compactMap(\.string)
    decision = json["decision"]?.string ?? ""
  }

  fileprivate var json: JSON {
    .record([
      "actions": .array(actions.map { .string($0) }), "decision": .string(decision),
      "resource": .string(resource),
      "sourceIps": sourceIps.isEmpty ? nil : .array(sourceIps.map { .string($0) }),
    ])
  }
}
