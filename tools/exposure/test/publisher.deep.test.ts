import { describePublisher } from "./publisherSuite";

describePublisher("PostgreSQL");
