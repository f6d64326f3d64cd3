import CardeaContracts
import CardeaPluginTestKit

/// The parts that a format reads in a token, as text; `nil` if it refuses.
func parts(_ format: some TokenFormat, _ token: [UInt8]) -> [String]? {
  format.parse(token.span).map { parsed in
    let prefix = token.withUnsafeBytes { parsed.prefix(of: $0, SamplePrimitives()) }
    return [prefix ?? "", String(decoding: token[parsed.secret], as: UTF8.self)]
  }
}

func parts(_ format: some TokenFormat, _ token: String) -> [String]? {
  parts(format, Array(token.utf8))
}

func request(
  namespace: String = "tok", identifierLength: Int = 8, secretLength: Int = 32,
  prefix: String? = nil, primitives: any Primitives = SamplePrimitives(seed: 1)
) -> TokenRequest {
  TokenRequest(
    namespace: namespace, identifierLength: identifierLength, secretLength: secretLength,
    prefix: prefix, primitives: primitives)
}

/// Promise P3: every token with one character replaced, at each place by each letter, digit and separator, and by
/// what two of its bits make of it.
func mutationsThatParse(_ format: some TokenFormat, tokens: Int, seed: UInt64) throws -> [String] {
  let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_:-. ".utf8)
  let primitives = SamplePrimitives(seed: seed)
  var survivors: [String] = []
  for _ in 0..<tokens {
    let token = Array(try format.build(request(primitives: primitives)).token.reveal().utf8)
    for index in token.indices {
      let byte = token[index]
      var changed = token
      for other in alphabet + [byte ^ 0x20, byte ^ 0x80] where other != byte {
        changed[index] = other
        if format.parse(changed.span) != nil {
          survivors.append(String(decoding: changed, as: UTF8.self))
        }
      }
    }
  }
  return survivors
}
