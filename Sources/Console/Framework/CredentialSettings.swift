// Whose credentials sign the requests: flag > environment > context > Apache's tools.yml. A secret is never
// an argument, where every user of the machine could read it.

import Linux
package import Wire

extension Settings {
  /// The credentials to sign with; nil when none are known.
  ///
  /// - Throws: `.usage` when an access key has no secret, or a secret no access key; `.notFound` when the
  ///   file of the secret does not exist.
  package func credentials(_ input: Input) throws(Failure) -> Credentials? {
    var accessKey = environment("MQ_ACCESS_KEY")
    if case .text(let key) = input.flags["access-key"]?.last { accessKey = key }
    let saved = try contextInUse(input)
    let savedKey = saved.flatMap { $0.accessKey.isEmpty ? nil : $0.accessKey }
    let isSaved = accessKey == nil || accessKey == savedKey
    var secretKey = try secretFile(input) ?? environment("MQ_SECRET_KEY")
    if isSaved, let saved, !saved.secretKey.isEmpty, input.flags["secret-key-file"] == nil {
      secretKey = saved.secretKey
    }
    guard let key = accessKey ?? savedKey else {
      if input.flags["secret-key-file"] != nil {
        throw Failure(
          .usage, "--secret-key-file is given without an access key", hint: "add --access-key NAME")
      }
      return try toolsFile()
    }
    guard let secretKey, !secretKey.isEmpty else {
      throw Failure(
        .usage, "there is no secret key for the access key \(key)",
        hint: "give it in the environment variable MQ_SECRET_KEY, or with --secret-key-file FILE")
    }
    return Credentials(
      accessKey: key, secretKey: secretKey, securityToken: environment("MQ_SECURITY_TOKEN"))
  }

  /// The secret that --secret-key-file names: the first line of a file, or of standard input for `-`.
  package func secretFile(_ input: Input) throws(Failure) -> String? {
    guard case .text(let path) = input.flags["secret-key-file"]?.last else { return nil }
    var lines = path == "-" ? LineReader() : try LineReader(path: path)
    var secret = String(decoding: try lines.next() ?? [], as: UTF8.self)
    while let last = secret.last, last.isWhitespace { secret.removeLast() }
    if secret.isEmpty {
      throw Failure(.usage, "\(lines.name) holds no secret key", hint: "its first line is the secret key")
    }
    return secret
  }

  /// What Apache's mqadmin signs with: accessKey and secretKey of ROCKETMQ_HOME/conf/tools.yml.
  private func toolsFile() throws(Failure) -> Credentials? {
    guard let home = environment("ROCKETMQ_HOME") else { return nil }
    let path = home + "/conf/tools.yml"
    guard let bytes = try? FileSystem.readWhole(path, bytesMax: Limits.configFileBytesMax) else { return nil }
    var values: [String: String] = [:]
    for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
      guard let colon = line.firstIndex(of: ":"), line.first != "#" else { continue }
      let value = line[line.index(after: colon)...].filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
      values[String(line[..<colon])] = value
    }
    guard let key = values["accessKey"], let secret = values["secretKey"], !key.isEmpty, !secret.isEmpty
    else {
      return nil
    }
    return Credentials(accessKey: key, secretKey: secret)
  }
}
