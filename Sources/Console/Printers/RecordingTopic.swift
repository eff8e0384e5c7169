// The help topic and manual section about recordings of mq top.

extension HelpTopics {
  static let recordings = HelpTopic(
    name: "recordings",
    text: """
      What mq top --record FILE writes and mq top --replay FILE reads.

      A recording holds every picture that mq top took: the tables of all screens,
      whichever was shown, the cluster's totals, alerts and events, and the tables of
      the one thing that was open. Counts are kept exactly, rates, times and shares
      with the digits that the screen can show. A cell that stays as it is costs
      nothing, one that changes one or two bytes: an hour of a cluster with a hundred
      topics is some megabytes. It holds names of topics, groups and clients, and the
      messages that somebody looked at: mind who gets it.

      A later mq reads it too; columns that it does not know are left out. A file
      that was cut, because a disk was full or a machine died, is shown up to its
      last whole picture; a damaged one up to the damage.

      The file begins with 89 4D 51 54 4F 50 0D 0A (hexadecimal), two bytes with the
      version, now 1, and two of zero. Then come frames, integers big-endian:

        1 byte    1 schema, 2 key frame, 3 delta frame, 4 end
        3 bytes   length of the payload
        8 bytes   monotonic milliseconds of the picture
        4 bytes   CRC-32 (IEEE) of these twelve bytes and the payload
        payload

      The schema names the tables and columns; a key frame is a whole picture, a
      delta frame the difference to the one before it. What is in a payload is
      described in the source, in Sources/Top/History/Recording.swift.

      """)
}
