"""Problems to sheets."""
