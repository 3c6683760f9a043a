# Reads a TAP document by Perl's TAP::Parser, and each of its subtests as a document: tap.pl FILE FAILED...
# Parsers that came before version 14 read it as 13, which its specification wants it to be readable as.
use strict;
use warnings;
use TAP::Parser;

my ($file, @failed) = @ARGV;
my $probe = TAP::Parser->new({ tap => "TAP version 14\n1..1\nok 1\n" });
$probe->run;
my $version = $probe->parse_errors ? 13 : 14;
open(my $handle, '<', $file) or die "$file: $!";
my @lines = <$handle>;
my (@subtests, $inside, $yaml);
for my $line (@lines) {
    $yaml = 1 if $line eq "  ---\n";
    $yaml = 0 if $line eq "  ...\n";
    next if $yaml;
    if ($line =~ s/^    //) {
        push @subtests, "TAP version 14\n" unless $inside;
        $subtests[-1] .= $line;
        $inside = 1;
    } else {
        $inside = 0;
    }
}
open($handle, '<', $file) or die "$file: $!";
my $whole = join('', <$handle>);
my @found;
for my $document ($whole, @subtests) {
    die "$file: not of version 14\n" unless $document =~ s/^TAP version 14$/TAP version $version/m;
    my $parser = TAP::Parser->new({ tap => $document });
    $parser->run;
    my @errors = $parser->parse_errors;
    die "$file: @errors\n$document" if @errors;
    push @found, scalar $parser->failed;
}
die "$file: failed @found, expected @failed\n" if "@found" ne "@failed";
print "$file: read as TAP, with @found failed of the document and its subtests\n";
