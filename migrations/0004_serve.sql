CREATE TABLE "tick" (
	"schedule" text NOT NULL,
	"due" timestamp (3) with time zone NOT NULL,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"claimed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "tick_schedule_due_pk" PRIMARY KEY("schedule","due")
);
