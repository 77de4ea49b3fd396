ALTER TABLE "listing" ADD COLUMN "address" "inet" GENERATED ALWAYS AS (case when target ~ '^[0-9.]+$|:' then target::inet end) STORED;--> statement-breakpoint
ALTER TABLE "pending" ADD COLUMN "address" "inet" GENERATED ALWAYS AS (case when target ~ '^[0-9.]+$|:' then target::inet end) STORED;--> statement-breakpoint
CREATE INDEX "listing_open_address" ON "listing" USING btree ("list_id","address") WHERE "listing"."until" is null;--> statement-breakpoint
CREATE INDEX "pending_list_id_address_index" ON "pending" USING btree ("list_id","address");--> statement-breakpoint
CREATE INDEX "target_range_closed" ON "target_range" USING btree ("tracked_to") WHERE "target_range"."tracked_to" is not null;