import { describePublisher } from "./publisherSuite";

// The same on PostgreSQL is a deep test: signing takes its time.
describePublisher("PGlite");
