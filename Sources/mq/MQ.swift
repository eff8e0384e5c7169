// The program: hands its words to the console.

import Console

@main
enum MQ {
  static func main() {
    Program.main(CommandLine.arguments)
  }
}
