import CardeaCLI
import CookieExtractor
import DashedFormat
import DirectoryStore
import ExpiryReviewPage
import JSONLinesListener
import RetiredCustomersPolicy
import ScryptHasher

// The whole `cardea` program, with these plugins besides the standard ones.
await CardeaMain.main(
  plugins: [
    ScryptHasher.self, CookieExtractor.self, DashedFormat.self, RetiredCustomersPolicy.self,
    JSONLinesListener.self, ExpiryReviewPage.self,
  ],
  stores: [StoreScheme("directory", form: "directory:PATH") { DirectoryStore(path: $0) }])
