"""What every feature stands on: configuration, database, jobs, storage, mail, clock, HTTP."""
