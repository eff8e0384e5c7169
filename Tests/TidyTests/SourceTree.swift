// The files of the repository as the rules see them: what git tracks,
// and what it would track once it is added.

import Foundation
import TestSupport

/// A text file, by its path from the top of the repository.
struct SourceFile: Sendable {
  let path: String
  let text: String
  let lines: [Substring]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    self.lines = lines
    code = path.hasPrefix("Sources/") && path.hasSuffix(".swift") ? Self.code(lines) : []
  }

  /// "Wire" for Sources/Wire/Frame/Frame.swift.
  var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }
  var isSwift: Bool { path.hasSuffix(".swift") }

  /// The lines of Swift without their comments and without the texts of string literals, numbered from 1.
  let code: [(number: Int, text: String)]

  private static func code(_ lines: [Substring]) -> [(number: Int, text: String)] {
    var isInText = false
    return lines.enumerated().map { index, line in
      defer {
        if line.contains("\"\"\"") && line.components(separatedBy: "\"\"\"").count % 2 == 0 {
          isInText.toggle()
        }
      }
      return (index + 1, isInText ? "" : bare(line))
    }
  }

  private static func bare(_ line: Substring) -> String {
    let (quote, slash, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "/"), UInt8(ascii: "\\"))
    var result: [UInt8] = []
    var isInString = false
    var previous = UInt8(ascii: " ")
    for byte in line.utf8 {
      if byte == quote && previous != backslash {
        isInString.toggle()
      } else if !isInString {
        if byte == slash && previous == slash {
          result.removeLast()
          break
        }
        result.append(byte)
      }
      previous = previous == backslash && byte == backslash ? UInt8(ascii: " ") : byte
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// "path:line: text", as compilers write it.
  func place(_ number: Int, _ text: some StringProtocol) -> String {
    "\(path):\(number): \(text.drop { $0 == " " })"
  }
}

enum SourceTree {
  /// Paths from the top, sorted.
  static let paths: [String] = {
    // Without git there are no files, and the test of the top level fails.
    guard
      let (exit, output, _) = try? Child.run(
        "git", ["-C", packageRoot, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]),
      exit == .code(0)
    else { return [] }
    return Set(output.split(separator: "\0").map(String.init))
      .filter { FileManager.default.fileExists(atPath: "\(packageRoot)/\($0)") }.sorted()
  }()

  /// Every file that is UTF-8 text.
  static let files: [SourceFile] = paths.compactMap { path in
    guard let data = FileManager.default.contents(atPath: "\(packageRoot)/\(path)"),
      let text = String(validating: data, as: UTF8.self)
    else { return nil }
    return SourceFile(path: path, text: text)
  }

  /// Swift, C and module maps below Sources.
  static let sources = files.filter { $0.path.hasPrefix("Sources/") }
  /// Swift below Sources.
  static let swift = sources.filter(\.isSwift)
  /// Swift and C of the product and of its tests.
  static let code = files.filter { file in
    (file.path.hasPrefix("Sources/") || file.path.hasPrefix("Tests/"))
      && [".swift", ".c", ".h", ".py"].contains { file.path.hasSuffix($0) }
  }
}
