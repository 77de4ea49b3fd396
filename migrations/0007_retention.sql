ALTER TABLE "coverage" ADD COLUMN "known_from" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "coverage" ADD COLUMN "known_to" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "exception" ADD COLUMN "known_from" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "exception" ADD COLUMN "known_to" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "listing" ADD COLUMN "last_seen" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "scan" ADD COLUMN "totals" jsonb;--> statement-breakpoint
CREATE INDEX "listing_ended" ON "listing" USING btree ("until") WHERE "listing"."until" is not null and "listing"."last_seen" is null;--> statement-breakpoint
CREATE INDEX "scan_unmerged" ON "scan" USING btree ("id") WHERE "scan"."totals" is null;