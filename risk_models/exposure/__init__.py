"""What a component carries and which flaws concern it: lock files, CycloneDX, versions and ranges."""
