/// Reads the Prometheus text format 0.0.4 and takes nothing that the format does not allow.
struct Exposition {
  struct Sample: Equatable {
    let name: String
    let labels: [String: String]
    let value: Double
  }

  struct Family: Equatable {
    let name: String
    let help: String?
    let type: String
    var samples: [Sample] = []
  }

  private(set) var families: [String: Family] = [:]

  struct Fault: Error, CustomStringConvertible {
    let line: String
    let reason: String
    var description: String { "\(reason): \(line)" }
  }

  init(_ text: String) throws {
    guard text.utf8.last == UInt8(ascii: "\n") else {
      throw Fault(line: "", reason: "the last line has no end")
    }
    var current: Family?
    var help: (name: String, text: String)?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
      let line = String(line)
      if line.hasPrefix("# HELP ") {
        let parts = line.dropFirst(7).split(separator: " ", maxSplits: 1)
        guard help == nil, parts.count == 2 else { throw Fault(line: line, reason: "HELP") }
        help = (String(parts[0]), String(parts[1]))
      } else if line.hasPrefix("# TYPE ") {
        let parts = line.dropFirst(7).split(separator: " ").map(String.init)
        guard parts.count == 2, Exposition.isName(parts[0]), families[parts[0]] == nil,
          ["counter", "gauge", "histogram", "summary"].contains(parts[1]),
          help == nil || help?.name == parts[0]
        else { throw Fault(line: line, reason: "TYPE") }
        if let current { try close(current) }
        current = Family(name: parts[0], help: help?.text, type: parts[1])
        help = nil
      } else {
        guard current != nil, help == nil else {
          throw Fault(line: line, reason: "a sample before its TYPE")
        }
        let sample = try Exposition.sample(line)
        current?.samples.append(sample)
      }
    }
    if let current { try close(current) }
  }

  /// The value of the one sample of this name whose labels are these.
  func value(_ name: String, _ labels: [String: String] = [:]) -> Double? {
    families.values.flatMap(\.samples).first { $0.name == name && $0.labels == labels }?.value
  }

  /// The sum over all samples of this name.
  func total(_ name: String) -> Double {
    families.values.flatMap(\.samples).filter { $0.name == name }.reduce(0) { $0 + $1.value }
  }

  private mutating func close(_ family: Family) throws {
    func fault(_ reason: String) -> Fault { Fault(line: family.name, reason: reason) }
    guard !family.samples.isEmpty else { throw fault("no sample") }
    var seen: Set<String> = []
    for sample in family.samples {
      let suffixes: [String] =
        switch family.type {
        case "histogram": ["_bucket", "_sum", "_count"]
        case "summary": ["_sum", "_count"]
        default: [""]
        }
      guard suffixes.contains(where: { sample.name == family.name + $0 }) else {
        throw fault("a sample \(sample.name)")
      }
      guard seen.insert("\(sample.name) \(sample.labels.sorted { $0.key < $1.key })").inserted
      else { throw fault("the same sample twice") }
    }
    if family.type == "histogram" { try checkHistogram(family) }
    families[family.name] = family
  }

  private func checkHistogram(_ family: Family) throws {
    var series: [[String: String]: [(bound: Double, count: Double)]] = [:]
    for sample in family.samples where sample.name == family.name + "_bucket" {
      var labels = sample.labels
      guard let text = labels.removeValue(forKey: "le"), let bound = Exposition.number(text) else {
        throw Fault(line: family.name, reason: "a bucket without a bound")
      }
      series[labels, default: []].append((bound, sample.value))
    }
    for (labels, buckets) in series {
      let counts = buckets.map(\.count)
      let count = family.samples.first {
        $0.name == family.name + "_count" && $0.labels == labels
      }
      let sum = family.samples.first { $0.name == family.name + "_sum" && $0.labels == labels }
      guard buckets.map(\.bound) == buckets.map(\.bound).sorted(), counts == counts.sorted(),
        buckets.last?.bound == .infinity, let count, sum != nil, counts.last == count.value
      else { throw Fault(line: "\(family.name) \(labels)", reason: "no histogram") }
    }
  }

  private static func sample(_ line: String) throws -> Sample {
    func fault(_ reason: String) -> Fault { Fault(line: line, reason: reason) }
    var rest = Substring(line)
    let name = String(rest.prefix { $0 != "{" && $0 != " " })
    rest = rest.dropFirst(name.count)
    guard isName(name) else { throw fault("a name") }
    var labels: [String: String] = [:]
    if rest.first == "{" {
      rest = rest.dropFirst()
      while rest.first != "}" {
        let label = String(rest.prefix { $0 != "=" })
        rest = rest.dropFirst(label.count)
        guard isName(label), !label.contains(":"), rest.hasPrefix("=\"") else {
          throw fault("a label")
        }
        rest = rest.dropFirst(2)
        var value = ""
        while let character = rest.popFirst(), character != "\"" {
          guard character == "\\" else {
            value.append(character)
            continue
          }
          switch rest.popFirst() {
          case "\\": value += "\\"
          case "\"": value += "\""
          case "n": value += "\n"
          default: throw fault("an escape")
          }
        }
        guard labels.updateValue(value, forKey: label) == nil else { throw fault("a label twice") }
        if rest.first == "," {
          rest = rest.dropFirst()
        } else if rest.first != "}" {
          throw fault("what follows a label")
        }
      }
      rest = rest.dropFirst()
    }
    guard rest.first == " ", let value = number(String(rest.dropFirst())) else {
      throw fault("a value")
    }
    return Sample(name: name, labels: labels, value: value)
  }

  private static func number(_ text: String) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: Double(text)
    }
  }

  private static func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return text.utf8.allSatisfy {
      switch $0 {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x3A: true
      default: false
      }
    }
  }
}
