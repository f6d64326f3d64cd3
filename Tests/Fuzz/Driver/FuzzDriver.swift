import CardeaFuzzTargets
import Foundation

/// libFuzzer's entry for programs with a `main` of their own (LLVM, "libFuzzer": using libFuzzer as a
/// library).
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ oneInput: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// Fuzzes the target that `CARDEA_FUZZ_TARGET` names. A broken property ends the process, as a trap does.
@main struct FuzzDriver {
  private static let target = FuzzTarget(
    rawValue: ProcessInfo.processInfo.environment["CARDEA_FUZZ_TARGET"] ?? "")

  static func main() {
    if target == nil {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      fatalError("CARDEA_FUZZ_TARGET must be one of \(names)")
    }
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(
      runFuzzer(&count, &arguments) { start, count in
        let bytes = Array(UnsafeBufferPointer(start: start, count: count))
        if let violation = FuzzDriver.target?.violation(of: bytes) { fatalError(violation) }
        return 0
      })
  }
}
