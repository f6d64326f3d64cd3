#if !Hummingbird
  #error(
    "CardeaHummingbird needs the package trait Hummingbird: .package(url: …, traits: [\"Hummingbird\"])"
  )
#endif
