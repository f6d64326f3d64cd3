import CardeaHTTPTypes
import CardeaKernel
import Hummingbird

/// Lets a request on only with a valid API key, and writes who is asking into the context.
///
/// ```swift
/// let router = Router(context: BasicCardeaRequestContext<Identity>.self)
/// router.group("orders").add(middleware: APIKeyMiddleware(kernel)).get { _, context in
///   "hello, \(context.identity?.name ?? "")"
/// }
/// ```
///
/// A refusal is problem+json: 401 with the same bytes whatever was wrong, 403, 429 or 503. A
/// request that the verdict cache can answer is answered on the calling thread.
public struct APIKeyMiddleware<Context: CardeaRequestContext>: RouterMiddleware {
  /// What happens to a request without any token.
  public enum Mode: Sendable {
    /// It is refused.
    case required
    /// It goes on without an identity. A token that is no good is refused all the same.
    case optional
  }

  let kernel: AuthKernel
  let mode: Mode
  let requirement: Requirement
  let texts: RefusalTexts
  private let principal: PrincipalResolver<Context.Principal>?
  private let readsForms: Bool

  /// Forms longer than this are not read, and the request is refused: 64 KiB.
  static var longestForm: Int { 65_536 }

  /// - Parameters:
  ///   - requiring: scopes and class that every route behind this demands.
  ///   - texts: what refused clients are told; unless given, what the kernel's configuration says.
  ///   - readsForms: whether `application/x-www-form-urlencoded` bodies are read, for a form
  ///     extractor.
  ///   - principal: finds the host's own user for a verified key.
  public init(
    _ kernel: AuthKernel, mode: Mode = .required, requiring requirement: Requirement = .none,
    texts: RefusalTexts? = nil, readsForms: Bool = false,
    principal: PrincipalResolver<Context.Principal>? = nil
  ) {
    self.kernel = kernel
    self.mode = mode
    var requirement = requirement
    requirement.isOptional = mode == .optional
    self.requirement = requirement
    self.texts = texts ?? kernel.configuration.refusalTexts
    self.readsForms = readsForms
    self.principal = principal
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    var request = request
    switch try await admit(&request, context: context) {
    case .granted(let granted): return try await pass(request, granted, next)
    case .anonymous: return try await pass(request, context, next)
    case .refused(let denial): return Response(refusal: denial, texts: texts, context: context)
    }
  }

  /// Goes on: with what is left of the key's limits on the answer, and with a record of its own if a route
  /// behind this one demands more than the key has.
  func pass(
    _ request: Request, _ context: Context, _ next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    do {
      var response = try await next(request, context)
      response.headers.add(context.identity?.limits ?? [])
      return response
    } catch let refusal as RouteRefusal {
      let texts = refusal.texts ?? texts
      guard let identity = context.identity else {
        return Response(refusal: refusal.denial, texts: texts, context: context)
      }
      let view = HTTPTypesRequest(
        request.head, clientAddress: context.clientAddress(of: request),
        requestID: context.requestID)
      let denial = await kernel.refuse(identity, request: view, lacking: refusal.requirement)
      return Response(refusal: denial ?? refusal.denial, texts: texts, context: context)
    }
  }

  /// What came of the API key.
  enum Admission: Sendable {
    case granted(Context)
    /// No token, and none is required.
    case anonymous
    case refused(Denial)
  }

  func admit(_ request: inout Request, context: Context) async throws -> Admission {
    let form = readsForms ? try await request.collectForm(upTo: Self.longestForm) : nil
    let view = HTTPTypesRequest(
      request.head, clientAddress: context.clientAddress(of: request),
      requestID: context.requestID, form: form)
    switch await kernel.authenticate(view, requiring: requirement) {
    case .allow(let identity):
      var context = context
      context.identity = identity
      guard let principal else { return .granted(context) }
      do {
        guard let found = try await principal(identity) else {
          return .refused(await kernel.refuse(identity, request: view, as: Denial(.unknown)))
        }
        context.principal = found
        return .granted(context)
      } catch {
        context.logger.error(
          "the principal resolver failed", metadata: ["key": "\(identity.prefix)"])
        return .refused(await kernel.refuse(identity, request: view, as: Denial(.failed)))
      }
    case .deny(let denial):
      if mode == .optional, denial.reason == .missing { return .anonymous }
      return .refused(denial)
    }
  }
}

extension Request {
  /// The body, if it is a form; the request keeps it for whoever comes next.
  mutating func collectForm(upTo limit: Int) async throws -> String? {
    guard case .one(let type) = headers.value(of: "content-type"), MediaTypeName(type) == .form
    else { return nil }
    let bytes = try await collectBody(upTo: limit)
    return String(validating: bytes.readableBytesView, as: UTF8.self)
  }
}
