import HoldfastCore

/// Numbers, times and statuses as people read them.
enum Words {
  /// `12,345`
  static func number(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return value < 0 ? "−" + text : text
  }

  /// `0 B`, `1.5 kB`, `3.2 GB`: powers of 1000, as disks are sold.
  static func bytes(_ value: Int64) -> String {
    var amount = Double(value)
    for unit in ["B", "kB", "MB", "GB", "TB"] {
      if amount < 1000 || unit == "TB" {
        return unit == "B" ? "\(value) B" : "\(decimal(amount)) \(unit)"
      }
      amount /= 1000
    }
    return "\(value) B"
  }

  /// `1,234/s`, `4.2/s`
  static func rate(_ perSecond: Double?) -> String? {
    guard let perSecond, perSecond.isFinite, perSecond > 0 else { return nil }
    return (perSecond < 10 ? decimal(perSecond) : number(Int64(perSecond))) + "/s"
  }

  /// `4 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`
  static func duration(_ seconds: Double) -> String {
    let whole = Int64(max(0, seconds))
    switch whole {
    case 0 where seconds > 0: return "less than 1 s"
    case ..<60: return "\(whole) s"
    case ..<3600: return pair(whole / 60, "min", whole % 60, "s")
    case ..<86_400: return pair(whole / 3600, "h", whole % 3600 / 60, "min")
    default: return pair(whole / 86_400, "d", whole % 86_400 / 3600, "h")
    }
  }

  /// `just now`, `3 s ago`, `5 min ago`; the page counts on in the same words.
  static func age(_ seconds: Double) -> String {
    let whole = Int64(max(0, seconds))
    switch whole {
    case ..<1: return "just now"
    case ..<60: return "\(whole) s ago"
    case ..<3600: return "\(whole / 60) min ago"
    case ..<86_400: return "\(whole / 3600) h ago"
    default:
      let days = whole / 86_400
      return "\(days) \(days == 1 ? "day" : "days") ago"
    }
  }

  /// `Jan 15, 2025 10:35 AM`, in UTC; the page turns it into the reader's zone.
  ///
  /// - Parameter isExact: to the second, where several may lie within a minute: `Jan 15, 2025 10:35:07 AM`.
  static func date(_ time: Timestamp, isExact: Bool = false) -> String {
    let months = [
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    let civil = time.civil
    let minute = twoDigits(civil.minute) + (isExact ? ":" + twoDigits(civil.second) : "")
    let hour = civil.hour % 12 == 0 ? 12 : civil.hour % 12
    return "\(months[civil.month - 1]) \(civil.day), \(civil.year) \(hour):\(minute) "
      + (civil.hour < 12 ? "AM" : "PM")
  }

  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// A verdict's sentence where its scan is named already: “Scan 7 (library /srv) is dead: …” as “It is dead: …”.
  static func sentence(_ sentence: String, number: Int64, kind: String, target: String) -> String {
    let name = "Scan \(number) (\(kind) \(target)) "
    return (sentence.hasPrefix(name) ? "It " + sentence.dropFirst(name.count) : sentence).visible
  }

  static func sentence(_ text: String, of scan: Scan) -> String {
    sentence(text, number: scan.number, kind: scan.kind, target: scan.target)
  }

  /// `entries` as `entry`, for one of them. Programs name their units themselves, mostly with an English plural.
  static func one(of units: String) -> String {
    if units.hasSuffix("ies"), units.count > 4 { return units.dropLast(3) + "y" }
    if ["sses", "xes", "ches", "shes"].contains(where: units.hasSuffix) {
      return String(units.dropLast(2))
    }
    return units.count > 2 && units.hasSuffix("s") && !units.hasSuffix("ss")
      ? String(units.dropLast()) : units
  }

  static func plural(_ count: Int64, _ one: String, _ many: String) -> String {
    "\(number(count)) \(count == 1 ? one : many)"
  }

  private static func decimal(_ value: Double) -> String {
    let tenths = Int64((value * 10).rounded())
    return tenths >= 1000 || tenths % 10 == 0
      ? number(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
  }

  private static func pair(
    _ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String
  ) -> String {
    small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
  }
}

/// A time on a page: for machines and for people.
struct ShownTime: Sendable {
  var iso: String
  var text: String
  /// To the second.
  var exact: String

  init(_ time: Timestamp) {
    iso = time.description
    text = Words.date(time)
    exact = Words.date(time, isExact: true)
  }
}

/// A status on a page, with the library scanner's badges: none for a success, a warning for a
/// partial one, an error for a failure.
struct ShownStatus: Sendable {
  var name: String
  var label: String
  var isCompleted: Bool
  var badge: String?
  var badgeClass: String?

  init(_ status: ScanStatus) {
    name = status.rawValue
    label = status.label
    isCompleted = status == .completed
    switch status {
    case .partial: (badge, badgeClass) = ("Warning", "warning")
    case .failed: (badge, badgeClass) = ("Error", "error")
    default: break
    }
  }

  /// With what supervision holds of it while it runs: suspected, slow, hung.
  init(_ scan: Scan) {
    self.init(scan.status)
    guard scan.status == .running else { return }
    if scan.suspicion != nil {
      (badge, badgeClass) = ("Suspected", "warning")
    } else if let verdict = scan.verdict?["verdict"]?.stringValue.flatMap(Verdict.Kind.init),
      verdict != .moving, verdict != .waiting
    {
      let words = verdict.rawValue.replacing("_", with: " ")
      badge = words.prefix(1).uppercased() + words.dropFirst()
      badgeClass = verdict == .slow ? "warning" : "error"
    }
  }
}

extension ScanStatus {
  var label: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
}

/// How far a scan has come, as a bar.
struct ShownBar: Sendable {
  /// 0 to 100; `nil` while the total is unknown, and the bar only shows that something moves.
  var value: String?
  /// `62 %`, `≈ 62 %`
  var text: String

  /// `nil` for a scan that has no progress to show.
  init?(_ scan: Scan) {
    if scan.status == .completed || scan.status == .partial {
      (value, text) = ("100", "100 %")
      return
    }
    guard scan.attempt > 0, let progress = scan.progress else { return nil }
    if let percentage = progress.percentage {
      value = String(percentage)
      text = (progress.isEstimate ? "≈ " : "") + "\(percentage) %"
    } else if scan.status == .running {
      text = "…"
    } else {
      return nil
    }
  }
}

extension Scan {
  /// `12,345 of 20,000 entries`
  var progressText: String? {
    guard let progress else { return nil }
    let unit = progress.unit.visible
    guard let total = progress.total, status.isActive || total != progress.done else {
      return "\(Words.number(progress.done)) \(progress.done == 1 ? Words.one(of: unit) : unit)"
    }
    let of = progress.isEstimate ? "of about" : "of"
    return "\(Words.number(progress.done)) \(of) \(Words.number(total)) \(unit)"
  }

  /// What the page says of a library scan's end, as the library scanner worded it.
  var notice: String? {
    switch status {
    case .completed: "Scan completed successfully!"
    case .partial: ScannerWords.completedWithErrors(counts.errors)
    case .failed: "Scan failed"
    case .cancelled: "Scan cancelled"
    case .pending, .running, .paused: nil
    }
  }
}
