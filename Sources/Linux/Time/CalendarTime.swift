/// A moment as a calendar shows it, in the zone `utcOffsetMinutes` east of UTC.
package struct CalendarTime: Equatable, Sendable {
  /// Months and days count from 1.
  package var year = 0, month = 0, day = 0
  package var hour = 0, minute = 0, second = 0, millisecond = 0
  package var utcOffsetMinutes = 0

  package init() {}

  /// The moment in UTC; wall ms are milliseconds since 1970.
  package init(utc wallMs: Int64) {
    func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
      value / divisor - (value % divisor < 0 ? 1 : 0)
    }
    let days = floor(wallMs, 86_400_000)
    let rest = wallMs - days * 86_400_000
    // Years are counted from March, in eras of 400 years.
    let shifted = days + 719_468
    let era = floor(shifted, 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    day = Int(dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    month = Int(marchMonth < 10 ? marchMonth + 3 : marchMonth - 9)
    year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    hour = Int(rest / 3_600_000)
    minute = Int(rest / 60_000 % 60)
    second = Int(rest / 1_000 % 60)
    millisecond = Int(rest % 1_000)
  }

  /// Milliseconds since 1970 (proleptic Gregorian calendar, no leap seconds).
  package var wallMs: Int64 {
    let minutes = Int64(daysSince1970) * 1440 + Int64(hour * 60 + minute - utcOffsetMinutes)
    return (minutes * 60 + Int64(second)) * 1000 + Int64(millisecond)
  }

  /// Whether every field is in its range and the month has the day.
  package var isValid: Bool {
    (1...12).contains(month) && (1...daysInMonth).contains(day) && (0...23).contains(hour)
      && (0...59).contains(minute) && (0...59).contains(second) && (0...999).contains(millisecond)
      && (-1439...1439).contains(utcOffsetMinutes)
  }

  private var daysInMonth: Int {
    switch month {
    case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Years are counted from March, so that the leap day is the last of its year.
  private var daysSince1970: Int {
    let y = month <= 2 ? year - 1 : year
    let era = (y >= 0 ? y : y - 399) / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
    return era * 146_097 + dayOfEra - 719_468
  }
}
