"""The dossier step by step, opinions, decision, frozen content, PDF."""
