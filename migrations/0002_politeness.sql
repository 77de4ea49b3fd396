ALTER TABLE "lease" DROP CONSTRAINT "lease_operator_source_unique";--> statement-breakpoint
ALTER TABLE "lease" ALTER COLUMN "holder" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "lease" ALTER COLUMN "until" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "lease" ADD CONSTRAINT "lease_operator_source_pk" PRIMARY KEY("operator","source");--> statement-breakpoint
ALTER TABLE "lease" ADD COLUMN "spent_until" timestamp (3) with time zone NOT NULL;--> statement-breakpoint
ALTER TABLE "lease" ADD COLUMN "others_from" timestamp (3) with time zone NOT NULL;